import * as z from 'zod';
import type { Subject } from './subject.ts';

/** What of its registration isn't as its users need it, one sentence each. */
export function registrationFaults({ plugin, uri }: Subject): readonly string[] {
  const faults: string[] = [];
  if (!/^[a-z][a-z0-9]*(\.[a-z0-9_-]+)*\.v[0-9]+\.[a-z0-9][a-z0-9-]*$/.test(uri))
    faults.push(`'${uri}' is no versioned type with an id, such as acme.clock.v1.quartz`);
  if (!isSentence(plugin.summary)) faults.push(`its summary '${plugin.summary}' is no sentence`);
  for (const { code, definition } of Object.values(plugin.errors ?? {})) {
    if (!/^[a-z][a-z0-9-]*\.[a-z0-9_]+$/.test(code)) faults.push(`the error '${code}' has no code such as clock.stopped`);
    if (!isSentence(definition.remedy)) faults.push(`the remedy of the error '${code}' is no sentence`);
  }
  return faults;
}

const isSentence = (text: string): boolean => /^[A-Z].*\.$/s.test(text);

const UNKNOWN_KEY = 'surely_not_a_key_of_this_plugin';

/** Which keys of its settings users can't know of, or may write wrong unheard. */
export function configFaults({ config, options }: Subject): readonly string[] {
  if (config === undefined) return [];
  const schema = z.toJSONSchema(config, { io: 'input', unrepresentable: 'any' }) as Schema;
  const faults = [...new Set(faultsOf(schema, '', schema, new Set()))];
  const parsed = config.safeParse({ ...options.config, [UNKNOWN_KEY]: 1 });
  return parsed.success ? ['its settings may have keys that it does not know: make it a z.strictObject', ...faults] : faults;
}

interface Schema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema | readonly Schema[];
  readonly prefixItems?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

function faultsOf(node: Schema, path: string, root: Schema, seen: Set<Schema>): readonly string[] {
  if (seen.has(node)) return [];
  seen.add(node);
  const { properties, additionalProperties, items } = node;
  const inside = (child: Schema, name: string): readonly string[] => faultsOf(child, name, root, seen);
  const target = resolved(node, root);
  const parts = [...(target === node ? [] : [target]), ...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])];
  const elements = [...(Array.isArray(items) ? items : items === undefined ? [] : [items as Schema]), ...(node.prefixItems ?? [])];
  return [
    ...Object.entries(properties ?? {}).flatMap(([key, value]) => {
      const name = path === '' ? key : `${path}.${key}`;
      const isTold = (value.description ?? resolved(value, root).description ?? '') !== '';
      return [...(isTold ? [] : [`nobody is told what its key '${name}' is for: give it a .describe(…)`]), ...inside(value, name)];
    }),
    ...(path !== '' && properties !== undefined && additionalProperties !== false
      ? [`its key '${path}' may have keys that it does not know: make it a z.strictObject`]
      : []),
    ...(typeof additionalProperties === 'object' ? inside(additionalProperties, `${path}.*`) : []),
    ...elements.flatMap((element) => inside(element, `${path}[]`)),
    ...parts.flatMap((part) => inside(part, path)),
  ];
}

function resolved(node: Schema, root: Schema): Schema {
  const name = node.$ref?.replace('#/$defs/', '');
  if (name === '#') return root;
  return (name === undefined ? undefined : root.$defs?.[name]) ?? node;
}
