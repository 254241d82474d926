import type { FuzzTarget } from '../engine/target.ts';
import { addresses, pci } from './addresses.ts';
import { cniCalls, cniFrames } from './cni.ts';
import { config, environment, toml } from './config.ts';
import { filters } from './filters.ts';
import { measures } from './measures.ts';
import { labels, names } from './names.ts';
import { netlink, netlinkAnswers } from './netlink.ts';
import { nft } from './nft.ts';

/** All of them, in the order in which they are fuzzed. */
export const targets: readonly FuzzTarget[] = [
  filters,
  addresses,
  pci,
  measures,
  names,
  labels,
  toml,
  config,
  environment,
  cniFrames,
  cniCalls,
  netlink,
  netlinkAnswers,
  nft,
];
