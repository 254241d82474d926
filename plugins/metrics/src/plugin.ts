import { definePlugin, type Page, parseTcpAddress, servePages, tcpAddress, telemetryErrors } from '@hawser/core';
import { AgentState, Metrics } from '@hawser/core/contracts';
import * as z from 'zod';
import type { PrometheusMetrics } from './prometheus-metrics.ts';

const config = z.strictObject({
  address: tcpAddress()
    .optional()
    .describe('Serves /metrics there too, for everybody who reaches the address; only on the agent’s socket unless told'),
  max_label_values: z
    .int()
    .min(1)
    .max(10_000)
    .default(200)
    .describe('Different values that one label of one metric may have; later ones are counted under `other`'),
  max_series: z.int().min(1).max(100_000).default(2000).describe('Series that one metric may have; later ones are counted under `other`'),
});

type Settings = z.output<typeof config>;

/** `hawser.metrics.v1.prometheus` */
export const prometheusMetrics = definePlugin({
  provides: Metrics,
  id: 'prometheus',
  stability: 'beta',
  summary: 'Counts and measures what the agent does, for Prometheus to fetch.',
  config,
  errors: telemetryErrors,
  requires: { agent: AgentState.optional() },
  async start({ config: settings, agent, log, scope, onReconfigure }) {
    // The library is loaded by who counts, not by who lists plugins.
    const { PrometheusMetrics: Provider } = await import('./prometheus-metrics.ts');
    const { observeProcess } = await import('./process-metrics.ts');
    const { observeAgent } = await import('./agent-metrics.ts');
    const metrics = new Provider(limitsOf(settings), log);
    scope.use(observeProcess(metrics));
    if (agent !== undefined) scope.use(observeAgent(metrics, agent));
    const door = scope.use(new Door(metrics));
    await door.openAt(settings.address);
    // Everything that counts requires it: a restart would take the whole agent along.
    onReconfigure(async (next) => {
      metrics.limit(limitsOf(next));
      await door.openAt(next.address);
    });
    return metrics;
  },
});

const limitsOf = ({ max_label_values: maxLabelValues, max_series: maxSeries }: Settings) => ({ maxLabelValues, maxSeries });

const portOf = (address: string | undefined): number | undefined => (address === undefined ? undefined : parseTcpAddress(address)?.port);

/** The address where scrapers come, which a reload may move. */
class Door implements AsyncDisposable {
  readonly #metrics: PrometheusMetrics;
  #address: string | undefined;
  #open: AsyncDisposable | undefined;

  constructor(metrics: PrometheusMetrics) {
    this.#metrics = metrics;
  }

  /** The former one is closed only when the new one is open, unless both have one port: 127.0.0.1 is in the way of 0.0.0.0. */
  async openAt(address: string | undefined): Promise<void> {
    if (address === this.#address) return;
    if (portOf(address) === portOf(this.#address)) await this.#close();
    const opened = address === undefined ? undefined : await servePages(address, { '/metrics': () => this.#page() });
    await this.#close();
    this.#open = opened;
    this.#address = address;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }

  async #close(): Promise<void> {
    await this.#open?.[Symbol.asyncDispose]();
    this.#open = undefined;
    this.#address = undefined;
  }

  async #page(): Promise<Page> {
    const { contentType, text } = await this.#metrics.expose();
    return { status: 200, contentType, body: text };
  }
}
