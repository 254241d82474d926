import { HawserError } from '@hawser/core';

/** An error that a caller can make something of: of the area's catalogue, with a sentence and a remedy. */
export function checkRefusal(error: unknown, area: string): HawserError {
  if (!(error instanceof HawserError)) throw error;
  if (!error.code.startsWith(`${area}.`)) throw new Error(`an error of another area: ${error.code}`, { cause: error });
  if (error.message === '' || error.message.length > 20_000)
    throw new Error('an error without a sentence, or with a book', { cause: error });
  if (!/^[A-Z].*\.$/s.test(error.remedy)) throw new Error('an error without a remedy', { cause: error });
  return error;
}

/** What an action gives, or undefined where it is refused as it should be. */
export function unlessRefused<T>(area: string, action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    checkRefusal(error, area);
    return undefined;
  }
}

/** Fails with a sentence unless something holds. */
export function hold(holds: boolean, sentence: string): asserts holds {
  if (!holds) throw new Error(sentence);
}
