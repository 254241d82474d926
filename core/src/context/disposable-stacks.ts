/** `DisposableStack` and `AsyncDisposableStack` where Node.js lacks them: before 24. */
if (!('DisposableStack' in globalThis)) {
  await import('core-js/actual/disposable-stack/index.js');
  await import('core-js/actual/async-disposable-stack/index.js');
}

export {};
