export { parseTcpAddress, tcpAddress, type TcpAddress } from './address.ts';
export { telemetryErrors } from './errors.ts';
export { type Listening, type Page, type Pages, servePages } from './listen.ts';
