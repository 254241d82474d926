export { LinuxHost, type LinuxHostOptions, linuxHostErrors, openLinuxHost } from './host.ts';
export { default } from './plugin.ts';
export type { LinuxSettings } from './settings.ts';
