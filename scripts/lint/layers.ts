import { placeOf, resolveInside } from './place.ts';
import { eachImport, type Rule } from './rule.ts';

/**
 * Inside core imports run downwards only: a line may import itself and the lines above it. Folders on one line may
 * import one another; `index.ts`, `contracts.ts` and `client.ts` are doors for other packages, so nothing inside goes through them.
 */
const LAYERS: readonly (readonly string[])[] = [
  ['errors', 'json.ts', 'version.ts', 'context', 'filters'],
  ['plugin', 'telemetry'],
  ['config'],
  ['metadata'],
  ['events'],
  ['leases', 'gc', 'namespaces'],
  ['snapshots'],
  ['claims'],
  ['network'],
  ['api'],
  ['agent'],
  ['cli'],
  ['testing', 'index.ts', 'contracts.ts', 'client.ts'],
];

const level = (path: string): number => LAYERS.findIndex((layer) => layer.includes(path.split('/', 1)[0] ?? ''));

/** Holds the downward order inside core. Tests may import the fakes of `testing` from anywhere. */
export const layers: Rule = {
  create(context) {
    const place = placeOf(context.filename);
    if (place?.kind !== 'core' || place.test) return {};
    return eachImport((specifier, node) => {
      const target = resolveInside(place, specifier);
      if (!specifier.startsWith('.') || target.startsWith('..')) return;
      const message = fault(place.path, target);
      if (message !== undefined) context.report({ node, message });
    });
  },
};

function fault(path: string, target: string): string | undefined {
  const [from = '', to = ''] = [path, target].map((file) => file.split('/', 1)[0]);
  const unknown = level(path) === -1 ? from : level(target) === -1 ? to : undefined;
  if (unknown !== undefined) return `core/src/${unknown} has no place in the order of layers: add it in scripts/lint/layers.ts.`;
  if (level(target) <= level(path)) return undefined;
  return `core/src/${from} may not import core/src/${to}, which stands above it. Take it as a contract through \`requires\`, pass it in as an argument, or move what both need down.`;
}
