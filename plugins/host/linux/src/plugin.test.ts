import { describePluginContract } from '@hawser/core/testing';
import plugin from './plugin.ts';

describePluginContract(plugin, { module: new URL('index.ts', import.meta.url) });
