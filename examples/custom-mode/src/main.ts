import attachments from '@hawser/attachments';
import cni, { cniCommand } from '@hawser/cni';
import { assemble } from '@hawser/core';
import { corePlugins } from '@hawser/core/agent';
import { hawserMain } from '@hawser/core/cli';
import linux from '@hawser/host-linux';
import range from '@hawser/ipam-range';
import ptp from './ptp.ts';

/** Leave one out that another requires, and this does not compile. */
const plugins = assemble([...corePlugins, linux, range, ptp, attachments, cni]);

process.exit(await hawserMain({ name: 'ptp-agent', version: '0.1.0', plugins, commands: [cniCommand] }, process.argv.slice(2)));
