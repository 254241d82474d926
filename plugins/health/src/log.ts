import type { StartContext } from '@hawser/core';

/** What a plugin gets to log with. */
export type Logger = StartContext<unknown>['log'];
