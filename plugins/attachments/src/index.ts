export { attachments as default } from './plugin.ts';
