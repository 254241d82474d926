export * from './config/index.ts';
export * from './context/index.ts';
export * from './errors/index.ts';
export * from './filters/index.ts';
export { isJsonObject, isTexts, type JsonObject, type JsonValue } from './json.ts';
export * from './plugin/index.ts';
export * from './telemetry/index.ts';
export { DirectoryBackend } from './snapshots/directory-backend.ts';
