import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { following, type Metrics } from '@hawser/core/contracts';

/**
 * How often the lag of the event loop is sampled. The library's own default, ten milliseconds, wakes an idle agent up a hundred times a
 * second, and its observer of the runtime's garbage collections runs JavaScript after each.
 */
const SAMPLE_MS = 100;
const NANOSECONDS = 1e9;

/** What Prometheus' clients tell of a process, under the names that dashboards know, and how the event loop does. */
export function observeProcess(metrics: Metrics): Disposable {
  const observers = [observeResources(metrics), observeEventLoop(metrics)];
  return { [Symbol.dispose]: () => observers.forEach((observer) => observer[Symbol.dispose]()) };
}

function observeResources(metrics: Metrics): Disposable {
  const gauge = (name: string, help: string) => metrics.gauge({ name, help });
  const cpu = following(metrics.counter({ name: 'process_cpu_seconds_total', help: 'Time that the process has had a processor.' }));
  const resident = gauge('process_resident_memory_bytes', 'Memory of the process that is in RAM.');
  const heap = gauge('nodejs_heap_used_bytes', 'Heap of JavaScript that is in use.');
  const external = gauge('nodejs_external_memory_bytes', 'Memory outside of the heap that objects of it hold.');
  const files = gauge('process_open_fds', 'Descriptors that are open.');
  const started = gauge('process_start_time_seconds', 'When the process started, seconds since the epoch.');
  const handles = gauge('nodejs_active_resources_handles', 'Timers, sockets and requests that keep the event loop going.');
  return metrics.onCollect(() => {
    const { user, system } = process.cpuUsage();
    const memory = process.memoryUsage();
    cpu((user + system) / 1e6);
    resident.set(memory.rss);
    heap.set(memory.heapUsed);
    external.set(memory.external);
    started.set(startTime());
    handles.set(process.getActiveResourcesInfo().length);
    files.set(readdirSync('/proc/self/fd').length);
  });
}

function startTime(): number {
  const { timeOrigin } = globalThis.performance;
  return Math.round(timeOrigin) / 1000;
}

function observeEventLoop(metrics: Metrics): Disposable {
  const lag = metrics.gauge({
    name: 'nodejs_eventloop_lag_seconds',
    help: 'How late the event loop was since the last scrape, by quantile; sampled ten times a second.',
    labels: ['quantile'],
  });
  const busy = metrics.gauge({
    name: 'nodejs_eventloop_utilization_ratio',
    help: 'Part of the time since the last scrape in which the event loop worked.',
  });
  const histogram = monitorEventLoopDelay({ resolution: SAMPLE_MS });
  histogram.enable();
  let last = globalThis.performance.eventLoopUtilization();
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / NANOSECONDS - SAMPLE_MS / 1000);
  const observer = metrics.onCollect(() => {
    lag.set(late(histogram.percentile(50)), { quantile: '0.5' });
    lag.set(late(histogram.percentile(99)), { quantile: '0.99' });
    lag.set(late(histogram.max), { quantile: '1' });
    histogram.reset();
    const now = globalThis.performance.eventLoopUtilization();
    busy.set(globalThis.performance.eventLoopUtilization(now, last).utilization);
    last = now;
  });
  return {
    [Symbol.dispose]: () => {
      observer[Symbol.dispose]();
      histogram.disable();
    },
  };
}
