import { createRequire } from 'node:module';
import type { RE2JS } from 're2js';

/** Matching takes time in proportion to the text and to the program; both are bounded, so that no pattern holds an agent. */
const MAX_PATTERN_LENGTH = 256;
const MAX_PROGRAM_SIZE = 1_000;

/** Loaded with the first pattern: an agent that is never asked for one does not pay for it. */
let engine: typeof RE2JS | undefined;

/**
 * A regular expression in the syntax of RE2 (no look-around, no back references), compiled once, matched in linear
 * time, anywhere in the text unless it is anchored.
 */
export class Pattern {
  readonly source: string;
  readonly #program: RE2JS;

  private constructor(source: string, program: RE2JS) {
    this.source = source;
    this.#program = program;
  }

  /** Throws a SyntaxError whose message says what is wrong. */
  static compile(source: string): Pattern {
    if (source.length > MAX_PATTERN_LENGTH) throw new SyntaxError(`it has more than ${MAX_PATTERN_LENGTH} characters`);
    const program = compile(source);
    if (program.programSize() > MAX_PROGRAM_SIZE) throw new SyntaxError('its repetitions make it too large');
    return new Pattern(source, program);
  }

  test(text: string): boolean {
    return this.#program.test(text);
  }
}

function compile(source: string): RE2JS {
  engine ??= (createRequire(import.meta.url)('re2js') as { readonly RE2JS: typeof RE2JS }).RE2JS;
  try {
    return engine.compile(source);
  } catch (error) {
    throw new SyntaxError(error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error), { cause: error });
  }
}
