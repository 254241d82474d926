import type { Node } from './gc.ts';

/** A node's one text: `type/key`. Types hold no slash, keys may. */
export const nodeName = ({ type, key }: Node): string => `${type}/${key}`;

/** The node of a name; undefined where the text is none. */
export function parseNode(name: string): Node | undefined {
  const slash = name.indexOf('/');
  return slash <= 0 || slash === name.length - 1 ? undefined : { type: name.slice(0, slash), key: name.slice(slash + 1) };
}
