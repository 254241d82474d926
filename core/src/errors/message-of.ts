/** What was thrown, in words: an error's message, else its text. Anything can be thrown, also what makes no text. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message;
  try {
    return String(thrown);
  } catch {
    return 'what was thrown makes no text';
  }
}
