export { BridgeMode, type BridgeModeOptions } from './bridge-mode.ts';
export { Config as BridgeConfig } from './config.ts';
export { default } from './plugin.ts';
