import type { StartContext } from '@hawser/core';

/** The plugin's logger. */
export type Logger = StartContext<unknown>['log'];
