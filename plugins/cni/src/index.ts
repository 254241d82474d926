export { EndpointConfig } from './endpoint/config.ts';
export { CniEndpoint, cniEndpoint, cniEndpoint as default } from './endpoint/endpoint.ts';
export { cniErrors } from './endpoint/errors.ts';
export { cniCommand } from './install/command.ts';
export { type Installed, installCni, type InstallOptions, uninstallCni, type UninstallOptions } from './install/install.ts';
