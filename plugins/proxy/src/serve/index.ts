/** For authors: a mode or an address plugin in a process of its own. */
export { agentAddresses, proposeClaim } from './needs.ts';
export { type ProposingIpam, serveIpam } from './serve-ipam.ts';
export { serveMode } from './serve-mode.ts';
export type { ServeOptions, Served } from './server.ts';
export type { Proposal, Refused } from '../wire/shapes.ts';
