import type { FuzzTarget } from '../engine/target.ts';
import { addresses, pci } from './addresses.ts';
import { cniCalls, cniFrames } from './cni.ts';
import { cniSocket } from './cni-socket.ts';
import { config, environment, toml } from './config.ts';
import { cursors } from './cursors.ts';
import { executable } from './executable.ts';
import { filters } from './filters.ts';
import { http } from './http.ts';
import { measures } from './measures.ts';
import { labels, names } from './names.ts';
import { netlink, netlinkAnswers } from './netlink.ts';
import { nft } from './nft.ts';
import { lyingPlugin, proto } from './proto.ts';
import { damagedFiles, storedRecords } from './stores.ts';
import { tombstones } from './tombstones.ts';

/** All of them, in the order in which they are fuzzed. */
export const targets: readonly FuzzTarget[] = [
  filters,
  addresses,
  pci,
  measures,
  names,
  labels,
  cursors,
  toml,
  config,
  environment,
  http,
  cniFrames,
  cniCalls,
  cniSocket,
  tombstones,
  executable,
  netlink,
  netlinkAnswers,
  nft,
  proto,
  lyingPlugin,
  storedRecords,
  damagedFiles,
];
