import { createRequire } from 'node:module';

/** `DisposableStack` and `AsyncDisposableStack` where Node.js lacks them: before 24. */
if (!('DisposableStack' in globalThis)) {
  const require = createRequire(import.meta.url);
  require('core-js/actual/disposable-stack/index.js');
  require('core-js/actual/async-disposable-stack/index.js');
}
