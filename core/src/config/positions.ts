import { type AST, parseTOML } from 'toml-eslint-parser';
import { dotted, type KeyPath } from './key-path.ts';

/**
 * Dotted key path → the line (from 1) that has it, for a document that has been parsed already. smol-toml decides what a document says;
 * this one only knows where. Empty where it does not understand the document: faults then go without a line.
 */
export function keyLines(text: string): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  try {
    const [top] = parseTOML(text, { tomlVersion: 'latest' }).body;
    for (const node of top.body) {
      if (node.type === 'TOMLKeyValue') addPair(lines, [], node);
      else addTable(lines, node);
    }
  } catch {
    // Nothing is lost but the lines of faults, and the document itself has been accepted.
    return new Map();
  }
  return lines;
}

type Lines = Map<string, number>;

function addTable(lines: Lines, table: AST.TOMLTable): void {
  addAncestors(lines, table.resolvedKey, table.loc.start.line);
  for (const pair of table.body) addPair(lines, table.resolvedKey, pair);
}

function addPair(lines: Lines, parent: KeyPath, pair: AST.TOMLKeyValue): void {
  const path = [...parent, ...pair.key.keys.map((key) => (key.type === 'TOMLBare' ? key.name : key.value))];
  addAncestors(lines, path, pair.loc.start.line);
  addValue(lines, path, pair.value);
}

/** Deeper documents are refused elsewhere. */
const DEEPEST = 64;

function addValue(lines: Lines, path: KeyPath, value: AST.TOMLContentNode): void {
  if (value.type === 'TOMLArray') {
    for (const [index, element] of value.elements.entries()) {
      lines.set(dotted([...path, index]), element.loc.start.line);
      addValue(lines, [...path, index], element);
    }
  } else if (value.type === 'TOMLInlineTable') for (const pair of value.body) addPair(lines, path, pair);
}

/** A path and what stands above it and hasn't got a line of its own yet. */
function addAncestors(lines: Lines, path: KeyPath, line: number): void {
  for (let length = 1; length <= Math.min(path.length, DEEPEST); length++) {
    const key = dotted(path.slice(0, length));
    if (!lines.has(key)) lines.set(key, line);
  }
}
