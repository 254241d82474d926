import { placeOf, resolveInside } from './place.ts';
import { eachImport, type Rule } from './rule.ts';

const isCore = (specifier: string): boolean => /^@hawser\/core(\/|$)/.test(specifier);

/** Core imports no plugin, plugins import no plugin; only assemblies import both. Tests are held to it too. */
export const packages: Rule = {
  create(context) {
    const place = placeOf(context.filename);
    if (place === undefined) return {};
    return eachImport((specifier, node) => {
      const message = fault(place.kind, specifier) ?? leaving(specifier, () => resolveInside(place, specifier));
      if (message !== undefined) context.report({ node, message });
    });
  },
};

function fault(kind: 'core' | 'plugin' | 'assembly', specifier: string): string | undefined {
  if (!specifier.startsWith('@hawser/')) return undefined;
  if (kind === 'core' && isCore(specifier)) return `core imports itself by relative paths, not as '${specifier}'.`;
  if (kind === 'core')
    return `core may not import the plugin '${specifier}'. Declare a contract in core/src/network and let the plugin provide it; assemblies (examples/agent) bring both together.`;
  if (kind === 'plugin' && !isCore(specifier))
    return `a plugin may not import the plugin '${specifier}'. Require the contract that it provides (@hawser/core/contracts); in tests use a fake of @hawser/core/testing.`;
  return undefined;
}

function leaving(specifier: string, target: () => string): string | undefined {
  if (!specifier.startsWith('.') || !target().startsWith('..')) return undefined;
  return `'${specifier}' leaves its package. Import the package by its name, through what its package.json exports.`;
}
