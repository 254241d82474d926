import type { Filter, Selector } from './filter.ts';
import { Pattern } from './pattern.ts';
import { Scanner } from './scanner.ts';

/** Longer than any label may be, shorter than what a request can carry. */
const MAX_LENGTH = 8_192;

/**
 * Reads one filter. `filters.invalid` names the column where it can't be read.
 *
 * ```
 * filter   = selector *( "," selector )               all of them hold
 * selector = path [ operator value ]                  without an operator: the field is there
 * path     = field *( "." field )
 * field    = 1*( letter / digit / "_" ) / quoted
 * operator = "==" / "!=" / "~="
 * value    = quoted / 1*( all but blanks and comma )       not beginning with a quote
 *          / "/" pattern "/" / "|" pattern "|"        after ~= only; \/ and \| stand for the sign itself
 * quoted   = DQUOTE *( character / escape ) DQUOTE
 * escape   = \" \\ \n \r \t \uXXXX
 * ```
 *
 * Blanks and line ends may stand between them all.
 */
export function parseFilter(text: string): Filter {
  const scanner = new Scanner(text);
  if (text.length > MAX_LENGTH) throw scanner.fault(`it has more than ${MAX_LENGTH} characters`, MAX_LENGTH);
  const selectors = [readSelector(scanner)];
  while (!scanner.atEnd) {
    if (scanner.take('comma') === undefined) throw scanner.unexpected('a comma', 'the end');
    selectors.push(readSelector(scanner));
  }
  return { selectors };
}

function readSelector(scanner: Scanner): Selector {
  const path = readPath(scanner);
  const at = scanner.at;
  const operator = scanner.take('operator');
  skipBlanks(scanner);
  const selector = operator === undefined ? ({ path, operator: 'present' } as const) : readComparison(scanner, path, operator, at);
  skipBlanks(scanner);
  return selector;
}

function readPath(scanner: Scanner): readonly string[] {
  const path: string[] = [];
  do {
    skipBlanks(scanner);
    path.push(readField(scanner));
    skipBlanks(scanner);
  } while (scanner.take('dot') !== undefined);
  const { next } = scanner;
  if (next === undefined || next === ',' || '=!~'.includes(next)) return path;
  throw scanner.unexpected("'.'", "'=='", "'!='", "'~='", 'a comma', 'the end');
}

function readField(scanner: Scanner): string {
  const field = scanner.next === '"' ? scanner.takeQuoted() : scanner.take('word');
  if (field === undefined) throw scanner.unexpected('a field');
  return field;
}

function readComparison(scanner: Scanner, path: readonly string[], operator: string, at: number): Selector {
  switch (operator) {
    case '==':
    case '!=':
      return { path, operator, value: readValue(scanner) };
    case '~=':
      return { path, operator, pattern: readPattern(scanner) };
    default:
      throw scanner.fault(`there is no operator ${operator}: expected '==' or '!=' or '~='`, at, { expected: ["'=='", "'!='", "'~='"] });
  }
}

function readValue(scanner: Scanner): string {
  const value = scanner.next === '"' ? scanner.takeQuoted() : scanner.take('bare');
  if (value === undefined) throw scanner.unexpected('a value');
  return value;
}

function readPattern(scanner: Scanner): Pattern {
  const { at } = scanner;
  const source = scanner.next === '/' || scanner.next === '|' ? scanner.takeDelimited() : readValue(scanner);
  try {
    return Pattern.compile(source);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw scanner.fault(`it is not a regular expression: ${cause.message}`, at, {
      cause,
      remedy:
        "Write the pattern in RE2's syntax, which has neither look-around nor back references; put one with commas or blanks between slashes.",
    });
  }
}

const skipBlanks = (scanner: Scanner): void => void scanner.take('blank');
