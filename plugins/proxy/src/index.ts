export { proxyErrors } from './errors.ts';
export { proxies } from './proxies.ts';
