import attachments from '@hawser/attachments';
import cni from '@hawser/cni';
import { assemble } from '@hawser/core';
import { corePlugins } from '@hawser/core/agent';
import hostLinux from '@hawser/host-linux';
import hostSimulated from '@hawser/host-simulated/plugin';
import ipamRange from '@hawser/ipam-range';
import bridge from '@hawser/mode-bridge';
import health from '@hawser/plugin-health';
import metrics from '@hawser/plugin-metrics';

/** Every plugin of this repository; what one lacks here, and one that is here twice, does not compile. */
export const plugins = assemble([...corePlugins, hostLinux, hostSimulated, ipamRange, bridge, attachments, cni, metrics, health]);
