export { health as default } from './plugin.ts';
