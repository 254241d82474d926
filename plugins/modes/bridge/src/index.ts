export { BridgeMode, type BridgeModeOptions } from './bridge-mode.ts';
export { default } from './plugin.ts';
