export { plugins } from './plugins.ts';
export { version } from './version.ts';
