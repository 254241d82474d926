import { definePlugin } from '@hawser/core';
import { AgentState, Host, Ipam, NetworkMode } from '@hawser/core/contracts';
import { networkErrors } from '@hawser/core/network';
import { BridgeMode, noAddresses } from './bridge-mode.ts';
import { Config } from './config.ts';

/** `hawser.mode.v1.bridge`. */
export default definePlugin({
  provides: NetworkMode,
  id: 'bridge',
  enabled: 'configured',
  stability: 'beta',
  summary: 'Attaches containers to a Linux bridge on the node.',
  config: Config,
  errors: networkErrors,
  requires: { host: Host, ipams: Ipam.all(), agent: AgentState.optional() },
  start({ config, host, ipams, agent, clock, scope, skip, status, onReconfigure }) {
    for (const feature of ['veth', 'bridge'] as const)
      if (!host.supports(feature)) return skip(host.missing(feature) ?? `this host has no ${feature}`);
    const mode = new BridgeMode({ config, host, ipams, clock });
    let { ipam } = config;
    let told: string | undefined;
    const look = (): void => {
      const provider = ipams.list().find(({ id }) => id === ipam);
      if (provider?.status === 'stopping' || provider?.status === 'starting') return; // a reload is not done with it
      const fault = provider?.value === undefined ? noAddresses(ipam, ipams) : undefined;
      if (fault?.message === told) return; // to be told of a change is one
      told = fault?.message;
      if (fault === undefined) status.ok();
      else status.degraded(fault);
    };
    look();
    const listening = agent?.onChange?.(look);
    if (listening !== undefined) scope.use(listening);
    onReconfigure((next) => {
      mode.reconfigure(next);
      ({ ipam } = next);
      look();
    });
    return mode;
  },
});
