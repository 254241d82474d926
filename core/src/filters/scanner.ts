import { filterErrors } from './errors.ts';
import type { HawserError } from '../errors/index.ts';

/** Tokens, each tried at the place that has been reached. */
const TOKENS = {
  blank: /\s+/y,
  word: /[A-Za-z0-9_]+/y,
  operator: /[=!~]+/y,
  bare: /[^\s,]+/y,
  comma: /,/y,
  dot: /\./y,
} as const;

const ESCAPES: Readonly<Record<string, string>> = { '"': '"', '\\': '\\', n: '\n', r: '\r', t: '\t' };
const UNICODE_ESCAPE = /u([0-9A-Fa-f]{4})/y;

/** Reads the tokens of one filter from its start to its end, and says where one can't be read. */
export class Scanner {
  readonly text: string;
  #at = 0;

  constructor(text: string) {
    this.text = text;
  }

  get at(): number {
    return this.#at;
  }

  get atEnd(): boolean {
    return this.#at >= this.text.length;
  }

  /** The next character, without taking it. */
  get next(): string | undefined {
    return this.text[this.#at];
  }

  /** Takes a token where there is one. */
  take(token: keyof typeof TOKENS): string | undefined {
    return this.#match(TOKENS[token]);
  }

  /** Takes a text in double quotes. */
  takeQuoted(): string {
    const start = this.#at++;
    let value = '';
    for (;;) {
      const character = this.text[this.#at];
      if (character === undefined) throw this.fault('the quote that begins here is not closed', start);
      this.#at++;
      if (character === '"') return value;
      value += character === '\\' ? this.#takeEscape() : character;
    }
  }

  /** Takes a pattern between two of the sign that comes next; it loses its meaning behind a backslash, nothing else does. */
  takeDelimited(): string {
    const start = this.#at;
    const delimiter = this.text[this.#at++] ?? '';
    let value = '';
    for (;;) {
      const character = this.text[this.#at++];
      if (character === undefined) throw this.fault(`the pattern that begins here is not closed by ${delimiter}`, start);
      if (character === delimiter) return value;
      const escaped = character === '\\' ? (this.text[this.#at++] ?? '') : '';
      value += escaped === delimiter ? delimiter : character + escaped;
    }
  }

  /** What was expected here and isn't there. */
  unexpected(...expected: readonly string[]): HawserError {
    const rest = this.text.slice(this.#at);
    const found = rest === '' ? 'the end' : JSON.stringify(Array.from(rest).slice(0, 12).join(''));
    return this.fault(`expected ${expected.join(' or ')}, found ${found}`, this.#at, { expected: [...expected] });
  }

  /** `filters.invalid`, pointing at a place: `column` counts characters from 1. */
  fault(
    what: string,
    at: number,
    facts: { readonly expected?: readonly string[]; readonly cause?: unknown; readonly remedy?: string } = {},
  ): HawserError {
    const { expected, cause, remedy } = facts;
    const column = Array.from(this.text.slice(0, at)).length + 1;
    return filterErrors.invalid(`the filter ${JSON.stringify(this.text.slice(0, 200))} can't be read at column ${column}: ${what}`, {
      details: { filter: this.text, column, ...(expected === undefined ? {} : { expected }) },
      ...(cause === undefined ? {} : { cause }),
      ...(remedy === undefined ? {} : { remedy }),
    });
  }

  #takeEscape(): string {
    const start = this.#at - 1;
    const unicode = this.#match(UNICODE_ESCAPE);
    if (unicode !== undefined) return String.fromCharCode(Number.parseInt(unicode.slice(1), 16));
    const plain = ESCAPES[this.text[this.#at] ?? ''];
    if (plain === undefined)
      throw this.fault('this backslash begins no escape', start, {
        remedy: 'Write a backslash in quotes as two; the escapes are \\" \\\\ \\n \\r \\t and \\u with four hexadecimal digits.',
      });
    this.#at++;
    return plain;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }
}
