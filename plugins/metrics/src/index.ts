export type { MetricEntry } from './prometheus-metrics.ts';
export { prometheusMetrics as default } from './plugin.ts';
