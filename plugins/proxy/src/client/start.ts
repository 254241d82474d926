import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import {
  type HawserError,
  type JsonObject,
  openTracing,
  type ProxySettings,
  type Providers,
  type StartContext,
  toHawserError,
  withDeadline,
} from '@hawser/core';
import { type Claims, Ipam, type Metrics, NetworkMode, silentMetrics } from '@hawser/core/contracts';
import { proxyErrors } from '../errors.ts';
import { CallMetrics } from './call-metrics.ts';
import { Peer, type PeerOptions } from './peer.ts';
import { KnownSubnets, ProxyIpam } from './proxy-ipam.ts';
import { ProxyMode } from './proxy-mode.ts';

type Context = StartContext<ProxySettings> & { readonly claims: Claims; readonly metrics: Metrics | undefined };

/** How long start waits for an answer; who is not there by then is waited for beside everything else. */
const FIRST_TRY_MS = 1_000;

/** Starts `hawser.mode.v1.<name>`. */
export async function startMode(context: Context & { readonly ipams: Providers<Ipam> }): Promise<NetworkMode> {
  const { claims, ipams, signal, config } = context;
  const peer = await openPeer(context, { contract: NetworkMode.id });
  return new ProxyMode({ peer, claims, ipams, callDeadlineMs: config.call_deadline, signal });
}

/** Starts `hawser.ipam.v1.<name>`. */
export async function startIpam(context: Context): Promise<Ipam> {
  const { claims, config } = context;
  const subnets = new KnownSubnets();
  const welcome: PeerOptions['welcome'] = (call, signal) => subnets.ask(call, config.call_deadline, signal);
  const peer = await openPeer(context, { contract: Ipam.id, welcome });
  return new ProxyIpam({ peer, claims, subnets, callDeadlineMs: config.call_deadline });
}

/**
 * Connects. A process that refuses, or that is of another kind, is a failed start; one that isn't there yet is waited for,
 * with the plugin pending and after its start deadline degraded.
 */
async function openPeer(context: Context, { contract, welcome }: Pick<PeerOptions, 'contract' | 'welcome'>): Promise<Peer> {
  const { config, clock, log, uri, signal, scope, metrics } = context;
  // What it has to say comes as errors of calls; by itself it would write to standard error.
  setLogVerbosity(logVerbosity.NONE);
  const standing = scope.use(new ReportedHealth(context));
  const peer = scope.use(
    new Peer({
      address: config.address,
      uri,
      contract,
      config: configOf(config),
      maxMessageBytes: config.max_message,
      healthIntervalMs: config.health_interval,
      healthDeadlineMs: config.health_deadline,
      clock,
      log,
      metrics: scope.use(new CallMetrics(metrics ?? silentMetrics, uri, clock)),
      tracing: await openTracing(),
      onHealth: (error) => standing.tell(error),
      ...(welcome === undefined ? {} : { welcome }),
    }),
  );
  try {
    const late = (): Error => proxyErrors.unreachable(`the process at ${config.address} has not answered yet`);
    await withDeadline(clock, FIRST_TRY_MS, late, (within) => peer.connect(within), signal);
  } catch (thrown) {
    signal.throwIfAborted();
    const error = toHawserError(thrown);
    if (DEFINITE.has(error.kind)) throw error;
    standing.tell(error);
  }
  scope.spawn('connection', (stop) => peer.run(stop));
  return peer;
}

/** What no waiting mends. */
const DEFINITE: ReadonlySet<HawserError['kind']> = new Set([
  'FailedPrecondition',
  'InvalidArgument',
  'NotImplemented',
  'PermissionDenied',
  'Unauthenticated',
]);

/** Tells the plugin's status, each change once: pending until it was well for the first time or its start deadline is over. */
class ReportedHealth implements Disposable {
  readonly #status: Context['status'];
  readonly #grace: Disposable;
  #isPending = true;
  #error: HawserError | undefined;
  #told: string | undefined;

  constructor({ status, clock, config }: Context) {
    this.#status = status;
    this.#grace = clock.timer(config.start_deadline, () => this.#endGrace());
  }

  tell(error: HawserError | undefined): void {
    this.#error = error;
    if (error === undefined) {
      this.#isPending = false;
      this.#told = undefined;
      this.#status.ok();
    } else if (this.#isPending) this.#status.pending(error.message);
    else if (error.message !== this.#told) {
      this.#told = error.message;
      this.#status.degraded(error);
    }
  }

  [Symbol.dispose](): void {
    this.#grace[Symbol.dispose]();
  }

  #endGrace(): void {
    if (!this.#isPending) return;
    this.#isPending = false;
    if (this.#error !== undefined) this.tell(this.#error);
  }
}

/** What the process is told, its secrets among it. */
const configOf = ({ config, secrets }: ProxySettings): JsonObject => ({
  ...config,
  ...Object.fromEntries(Object.entries(secrets).map(([key, secret]) => [key, secret.reveal()])),
});
