export { parseTcpAddress, tcpAddress, type TcpAddress } from './address.ts';
export { telemetryErrors } from './errors.ts';
export { healthPage, isVerbose } from './health-page.ts';
export { keepNewest } from './keep-newest.ts';
export { type Listening, type Page, type Pages, servePages } from './listen.ts';
export { openTracing, type RemoteParent, type SpanFields, tracedCalls, type Tracing } from './tracing.ts';
