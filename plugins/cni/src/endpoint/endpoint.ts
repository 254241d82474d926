import { join } from 'node:path';
import { deadlineSignal, definePlugin, defineToken, makeFolders, openTracing, type Token } from '@hawser/core';
import { Attachments, Host, Paths } from '@hawser/core/contracts';
import { installCni } from '../install/install.ts';
import { EndpointConfig } from './config.ts';
import { cniErrors } from './errors.ts';
import type { Executor } from './execute.ts';
import { listen } from './listener.ts';
import { assertReady } from './readiness.ts';
import { Service } from './service.ts';
import { TombstoneFolder } from './tombstone-folder.ts';
import { Tombstones } from './tombstones.ts';

/** How long the start waits for DELs that were kept; what is left then is carried out beside the new calls. */
const REPLAY_BUDGET_MS = 20_000;

/** How often the endpoint looks whether its socket is still there: runtimes find no other way to it. */
const LOOK_MS = 5_000;
/** Of the agent's folder of this boot, where somebody has taken that away too. */
const STATE_MODE = 0o711;

/** Where the agent takes CNI calls. */
export interface CniEndpoint {
  /** Path of the unix socket that executables connect to. */
  readonly socket: string;
  /** Folder that executables write a DEL to while no agent answers. */
  readonly tombstones: string;
  /**
   * Installs executable and network configuration where the config names folders for them, else does nothing. For
   * the assembly to call once every plugin is ready, and after reloads; repeating it changes nothing. Rejects while no
   * pod could be attached, since runtimes begin to start pods once the configuration is there.
   */
  installWhenReady(): Promise<void>;
}

export const CniEndpoint: Token<CniEndpoint, 'hawser.cni.v1'> = defineToken<CniEndpoint>()('hawser.cni.v1');

/** Takes CNI calls on `<state>/cni.sock`. */
export const cniEndpoint = definePlugin({
  provides: CniEndpoint,
  id: 'endpoint',
  stability: 'beta',
  summary: 'Takes the calls of container runtimes and answers in their version of CNI.',
  config: EndpointConfig,
  requires: { attachments: Attachments, host: Host, paths: Paths },
  errors: cniErrors,
  startDeadlineMs: 2 * REPLAY_BUDGET_MS,
  async start({ config, attachments, host, paths, clock, random, log, scope, signal, status }) {
    const socket = join(paths.state, 'cni.sock');
    const folder = new TombstoneFolder(join(paths.root, 'tombstones'));
    const tombstones = new Tombstones({
      folder,
      attachments,
      clock,
      log,
      newRequestId: () => random.id(),
      deadlineMs: config.del_deadline,
      onPending: (count, error) => (count > 0 && error !== undefined ? status.degraded(error) : status.ok()),
    });
    await folder.create(clock.now());
    {
      using budget = deadlineSignal(clock, REPLAY_BUDGET_MS, 'replaying tombstones', signal);
      await tombstones.replay(budget.signal);
    }
    signal.throwIfAborted();

    const where = { socket, tombstones: folder.path };
    const executor: Executor = {
      attachments,
      host,
      tombstones,
      clock,
      log,
      paths: where,
      undoDeadlineMs: config.del_deadline,
      exhaustedIsUnavailable: config.exhausted_is_unavailable,
    };
    const tracing = await openTracing();
    const service = new Service({ settings: config, executor, clock, random, log, stopping: stoppingSignal(signal), tracing });
    scope.defer(() => service.drained());
    await makeFolders(paths.state, STATE_MODE);
    const listener = await listen({
      path: socket,
      onConnection: service.accept,
      onError: (error) => log.error({ err: error }, 'the CNI socket failed'),
    });
    scope.defer(() => listener.close());
    scope.spawn('tombstones', (stop) => tombstones.work(stop));
    scope.spawn('socket', async (stop) => {
      for (;;) {
        await clock.sleep(LOOK_MS, stop);
        await makeFolders(paths.state, STATE_MODE);
        if (await listener.repair()) log.error({ socket }, 'the CNI socket was taken away; it is there again');
      }
    });

    const { bin_dir: binDir, conf_dir: confDir, network_name: name } = config;
    return {
      ...where,
      installWhenReady: async () => {
        if (binDir === undefined && confDir === undefined) return;
        assertReady(attachments, { name }, false);
        const installed = await installCni({ binDir, confDir, name, ...where });
        log.info({ ...installed }, 'installed the CNI executable and its network configuration');
      },
    };
  },
});

/** The plugin's signal, with the words that a client is told. */
function stoppingSignal(signal: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const stop = () => controller.abort(cniErrors.stopping('the agent is stopping', { cause: signal.reason }));
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  return controller.signal;
}
