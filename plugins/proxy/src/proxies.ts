import { type AnyPlugin, definePlugin, type ProxyFactory, type ProxySettings } from '@hawser/core';
import { Claims, Ipam, Metrics, NetworkMode } from '@hawser/core/contracts';
import * as z from 'zod';
import { proxyErrors } from './errors.ts';
import { examineSocket } from './examine.ts';

/** The settings stand in [proxy_plugins.<name>], and come from there; a table under [plugins] has no place. */
const settings = z.custom<ProxySettings>((value) => typeof value === 'object' && value !== null && Object.keys(value).length === 0, {
  error: 'the settings of a plugin in another process stand in its table under [proxy_plugins]',
});

/** gRPC and the .proto files are loaded by who starts such a plugin. */
const load = () => import('./client/start.ts');

const common = { stability: 'beta', config: settings, errors: proxyErrors } as const;

function mode(id: string): AnyPlugin {
  return definePlugin({
    ...common,
    provides: NetworkMode,
    id,
    summary: 'A network mode that another process carries out.',
    requires: { claims: Claims, ipams: Ipam.all(), metrics: Metrics.optional() },
    examine: ({ config, signal }) => examineSocket(id, config, signal),
    start: async (context) => (await load()).startMode(context),
  });
}

function ipam(id: string): AnyPlugin {
  return definePlugin({
    ...common,
    provides: Ipam,
    id,
    summary: 'Addresses that another process proposes.',
    requires: { claims: Claims, metrics: Metrics.optional() },
    examine: ({ config, signal }) => examineSocket(id, config, signal),
    start: async (context) => (await load()).startIpam(context),
  });
}

const makers: Readonly<Record<string, (id: string) => AnyPlugin>> = { [NetworkMode.id]: mode, [Ipam.id]: ipam };

/** Makes the plugins of `[proxy_plugins]`. */
export const proxies: ProxyFactory = {
  types: Object.keys(makers),
  plugin(name, type) {
    const make = makers[type];
    if (make === undefined) throw proxyErrors.incompatible(`'${type}' can't be provided from another process`);
    return make(name);
  },
};
