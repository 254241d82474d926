import { definePlugin } from '@hawser/core';
import { Claims, Events, Ipam, Metadata, Metrics } from '@hawser/core/contracts';
import { ipamErrors } from '@hawser/core/network';
import { Config } from './config.ts';
import { observeRanges } from './observed.ts';
import { parseRanges } from './range.ts';
import { RangeIpam } from './range-ipam.ts';

/** `hawser.ipam.v1.range`. */
export default definePlugin({
  provides: Ipam,
  id: 'range',
  enabled: 'configured',
  stability: 'beta',
  summary: 'Hands out addresses from ranges of both families.',
  config: Config,
  errors: ipamErrors,
  requires: { claims: Claims, metadata: Metadata, events: Events, metrics: Metrics.optional() },
  async start({ config, claims, metadata, events, metrics, clock, scope, log, onReconfigure }) {
    const { ranges } = parseRanges(config.ranges);
    const ipam = new RangeIpam({ ranges, cooldownMs: config.cooldown, claims, metadata, events, clock });
    scope.spawn('following the ledger', (signal) => ipam.follow(signal));
    await ipam.informed;
    if (metrics !== undefined) scope.use(observeRanges(metrics, ipam));
    const warnOfGateways = (): void => {
      for (const { gateway } of ipam.subnets()) {
        const claim = metadata.read('state', (tx) => claims.get(tx, 'address', gateway));
        if (claim) log.warn({ address: gateway, holder: claim.holder }, 'a container still has the address that is now a gateway');
      }
    };
    warnOfGateways();
    onReconfigure(async (next, { signal }) => {
      await ipam.reconfigure({ ranges: parseRanges(next.ranges).ranges, cooldownMs: next.cooldown }, signal);
      warnOfGateways();
    });
    return ipam;
  },
});
