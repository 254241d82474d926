import { assemble } from '@hawser/core';
import { corePlugins } from '@hawser/core/agent';

/** Every plugin of this repository; what one lacks here, and one that is here twice, does not compile. */
export const plugins = assemble([...corePlugins]);
