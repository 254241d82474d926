export { prometheusMetrics as default } from './plugin.ts';
