export { default } from './plugin.ts';
export { parseRanges, type Range, type RangeFault } from './range.ts';
export { RangeIpam, type RangeIpamOptions } from './range-ipam.ts';
