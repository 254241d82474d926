import { describePluginContract } from '@hawser/core/testing';
import plugin from './plugin.ts';

describePluginContract(plugin);
