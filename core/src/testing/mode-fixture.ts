import { pino } from 'pino';
import { systemContext } from '../context/index.ts';
import type { JsonObject } from '../json.ts';
import { Host } from '../network/host.ts';
import { NetworkMode } from '../network/mode.ts';
import { type AnyPlugin, boot, defineToken, type Kernel, uriOf } from '../plugin/index.ts';
import { startCore } from './core.ts';
import { providersOf } from './core-plugins.ts';
import { fakePlugin } from './doubles/fake-plugin.ts';
import type { ModeFixture } from './mode-contract.ts';

/** What a mode's plugin is tested with. */
export interface ModeFixtureOptions extends Pick<ModeFixture, 'settle'> {
  readonly host: Host;
  /** Plugins that it requires beside the host, e.g. an address plugin. Core's services are there. */
  readonly plugins?: readonly AnyPlugin[];
  /** Settings by URI, the mode's own among them. */
  readonly settings?: Readonly<Record<string, JsonObject>>;
  /** Paths under /run/netns unless told: for a simulated host, which makes them there. */
  readonly namespacePath?: () => string;
}

/**
 * For `describeModeContract`: a mode by its plugin, with core's services on a real store, from which claims are taken as the
 * engine does. The books stay while the mode is started again and again, as they do when an agent dies.
 *
 * ```ts
 * make: () => modeFixture(ptp, { host, plugins: [range], settings: { 'hawser.ipam.v1.range': { ranges: ['10.77.0.0/24'] } } })
 * ```
 */
export async function modeFixture(plugin: AnyPlugin, options: ModeFixtureOptions): Promise<ModeFixture> {
  const { host, plugins = [], settings = {}, settle } = options;
  await using starting = new AsyncDisposableStack();
  const core = starting.use(await startCore({ context: systemContext }));
  const around = starting.adopt(await bootAll([...providersOf(core), fakePlugin(Host, 'fixture', host), ...plugins], settings), stop);
  const modes = starting.use(new AsyncDisposableStack());
  const running = starting.move();
  let paths = 0;
  return {
    host,
    ...(settle === undefined ? {} : { settle }),
    namespacePath: options.namespacePath ?? (() => `/run/netns/hwt-${paths++}`),
    async start(front) {
      const set = [...servicesFor(plugin, around), fakePlugin(Host, 'fixture', front), plugin];
      const mode = modes.adopt(await bootAll(set, settings), stop).get(NetworkMode, plugin.id);
      if (mode === undefined) throw new Error(`${uriOf(plugin)} gives no mode: it has skipped itself, or provides something else`);
      return mode;
    },
    reserve: (claims, holder) =>
      core.metadata.write('state', (tx) => {
        const lease = core.leases.create(tx, { expiresInMs: 60_000 }).id;
        return claims.flatMap((claim) => claim.take(tx, { holder, lease }));
      }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Boots a set of which each must start, with the settings that are of its plugins. */
function bootAll(plugins: readonly AnyPlugin[], given: ModeFixtureOptions['settings'] = {}): Promise<Kernel> {
  const uris = new Set(plugins.map(uriOf));
  const settings = new Map(plugins.map((plugin) => [uriOf(plugin), plugin.config?.parse(given[uriOf(plugin)] ?? {}) ?? {}]));
  return boot({
    plugins,
    config: { settings, configured: uris, disabled: new Set(), required: uris },
    context: systemContext,
    log: pino({ level: 'silent' }),
  });
}

const stop = async (kernel: Kernel): Promise<void> => void (await kernel.stop('the test is over'));

/** The services that a plugin requires, each as a plugin of its own; the host is the caller's. */
function servicesFor(plugin: AnyPlugin, kernel: Kernel): readonly AnyPlugin[] {
  const wanted = new Set(Object.values(plugin.requires ?? {}).map(({ id }) => id));
  const providers = kernel.reports().filter(({ type }) => type !== Host.id && wanted.has(type));
  return providers.flatMap(({ type, id }) => {
    const token = defineToken<unknown>()(type);
    const service = kernel.get(token, id);
    return service === undefined ? [] : [fakePlugin(token, id, service)];
  });
}
