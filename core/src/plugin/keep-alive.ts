/**
 * Keeps the process alive until disposed. The clock's timers don't, so a start or a release that waits for something
 * that never comes would otherwise end the process before its deadline, with the other releases untried.
 */
export function keepAlive(): Disposable {
  // oxlint-disable-next-line walls/time -- a handle that never fires tells no time
  const handle = setInterval(() => undefined, 2 ** 30);
  return { [Symbol.dispose]: () => clearInterval(handle) };
}
