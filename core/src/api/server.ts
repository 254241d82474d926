import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { inRequest, type Random, withDeadline } from '../context/index.ts';
import { HawserError, toHawserError } from '../errors/index.ts';
import { allRoutes } from './all-routes.ts';
import { apiErrors } from './errors.ts';
import { type AccessRules, isShared } from './access.ts';
import { guard } from './guard.ts';
import { keepSocket, type KeptSocketOptions } from './kept-socket.ts';
import { socketError } from './socket.ts';
import { streamLines } from './ndjson.ts';
import { statusOf, toProblem } from './problem.ts';
import { methodsAt } from './methods-at.ts';
import { answerAndClose, refuseRequest } from './refuse-request.ts';
import { DEADLINE_MS, isAnswer, type Route, type RouteDescription, SERVER } from './route.ts';
import { eventStream, openEvents } from './routes/events.ts';
import type { AgentView } from './service.ts';
import { measureRequests, metricsPage, serveTelemetry } from './telemetry.ts';
import { whenEnded } from './when-ended.ts';

/**
 * Bodies and answers are checked by zod. Without compilers of our own the framework loads its own at the start, a
 * fifth of all modules of an agent, for schemas that no route has.
 */
const NO_SCHEMAS = { compilersFactory: { buildValidator: noCompiler, buildSerializer: noCompiler } };

function noCompiler(): never {
  throw new TypeError('a route has a schema of the framework; check with zod instead');
}

const BODY_LIMIT = 1024 * 1024;
/** More than any schema of a path lets through; the framework's own bound is less than some do. */
const MAX_PARAM = 1_024;

/** What the API serves, and where. */
export interface ApiOptions {
  readonly agent: AgentView;
  readonly path: string;
  readonly log: Logger;
  readonly random: Random;
  /** Root and the agent's own user alone unless told. */
  readonly access?: AccessRules;
}

/** The API at its socket. Disposing it refuses new calls, ends the streams and waits for the calls under way. */
export interface ApiServer extends AsyncDisposable {
  readonly path: string;
}

/** Serves the HTTP API at `path`; `api.socket_in_use` when an agent already does. */
export async function serveApi({ agent, path, log, random, access = {} }: ApiOptions): Promise<ApiServer> {
  const closing = new AbortController();
  const app = Fastify({
    bodyLimit: BODY_LIMIT,
    requestTimeout: DEADLINE_MS,
    routerOptions: { maxParamLength: MAX_PARAM },
    forceCloseConnections: 'idle',
    genReqId: (request) => requestIdOf(request.headers['x-request-id']) ?? random.id(),
    clientErrorHandler: (error, socket) => refuseRequest(error, socket, random.id()),
    schemaController: NO_SCHEMAS,
    http: { requireHostHeader: false }, // Node.js refuses in its own words; assertHost does in ours
    frameworkErrors: (error, request, reply) => void sendProblem(reply, asApiError(error), request.id),
  });
  const routes = allRoutes(agent);
  answerOdd(app, random);
  answerErrors(app, log);
  refuseUnknown(app, [...routes, eventStream, metricsPage]);
  measureRequests(app, agent); // before all that refuses
  app.addHook('onRequest', assertHost);
  await guard(app, access, log);
  acceptEmptyBodies(app);
  serveTelemetry(app, agent);
  for (const route of routes) addRoute(app, agent, route);
  app.get(eventStream.path, (request, reply) => serveEvents(agent, request, reply, closing.signal));
  const place = {
    path,
    random,
    mode: isShared(access) ? 0o666 : 0o600,
    clock: agent.clock,
    log,
    maxConnections: app.server.maxConnections,
  };
  const socket = await openSocket(app, place);
  return { path, [Symbol.asyncDispose]: () => close(app, socket, closing) };
}

/** RFC 9112, 3.2. */
async function assertHost({ raw: { httpVersion, headersDistinct } }: FastifyRequest): Promise<void> {
  const hosts = headersDistinct['host']?.length ?? 0;
  if (hosts > 1) throw apiErrors.badRequest(`the request has ${hosts} Host headers`, { remedy: 'Send one: any name will do.' });
  if (hosts === 0 && httpVersion === '1.1')
    throw apiErrors.badRequest('the request has no Host header', { remedy: 'Send one: any name will do.' });
}

/** Requests of which Node.js makes no answer of ours by itself. */
function answerOdd({ server }: FastifyInstance, random: Random): void {
  // RFC 9110, 10.1.1: what is expected beyond 100-continue may be passed over.
  server.on('checkExpectation', (request, response) => void server.emit('request', request, response));
  server.on('connect', (_, socket) => answerAndClose(apiErrors.badRequest('the agent is no proxy'), socket, random.id()));
}

async function openSocket(app: FastifyInstance, place: Omit<KeptSocketOptions, 'accept'>): Promise<AsyncDisposable> {
  const { path } = place;
  try {
    const accept = (connection: Socket) => void app.server.emit('connection', connection);
    return await keepSocket({ ...place, accept }, async (privatePath) => {
      await app.listen({ path: privatePath });
    });
  } catch (error) {
    await app.close();
    throw error instanceof HawserError ? error : socketError(`can't listen at ${path}`, path, error);
  }
}

async function close(app: FastifyInstance, socket: AsyncDisposable, closing: AbortController): Promise<void> {
  try {
    await socket[Symbol.asyncDispose]();
  } finally {
    closing.abort(apiErrors.stopping('the agent is stopping'));
    await app.close();
  }
}

function addRoute(app: FastifyInstance, agent: AgentView, route: Route): void {
  app.route({
    method: route.method,
    url: route.path,
    handler: async (request, reply) => {
      const { params, query, body, id: requestId } = request;
      const ms = route.deadlineMs ?? DEADLINE_MS;
      const late = (): Error => apiErrors.deadlineExceeded(`the request took longer than ${ms} ms`);
      const work = (signal: AbortSignal): unknown => inRequest(requestId, () => route.handle({ params, query, body, requestId, signal }));
      // A client that has gone, too, ends it; nobody waits for work that doesn't listen.
      const result = await withDeadline(agent.clock, ms, late, work, goneSignal(request.raw, reply.raw));
      if (isAnswer(result)) return reply.code(result.status).send(result.body);
      return result === undefined ? reply.code(204).send() : reply.send(result);
    },
  });
}

/** Aborts when the client closes the connection before it has its answer. */
function goneSignal(request: IncomingMessage, response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  whenEnded(request, response, () => {
    if (!response.writableFinished) gone.abort(apiErrors.clientGone('the client has gone'));
  });
  return gone.signal;
}

async function serveEvents(agent: AgentView, request: FastifyRequest, reply: FastifyReply, closing: AbortSignal): Promise<void> {
  const signal = AbortSignal.any([closing, goneSignal(request.raw, reply.raw)]);
  const events = await openEvents(agent, request.query, signal);
  if (request.method === 'HEAD') await events.return?.(); // what comes next on the connection is another answer
  reply.hijack();
  await streamLines(reply.raw, events, signal, request.id);
}

/** Every failure is a problem document; only our own defects are logged as errors. */
function answerErrors(app: FastifyInstance, log: Logger): void {
  app.setErrorHandler((thrown, request, reply) => {
    const error = asApiError(thrown);
    const status = statusOf(error);
    const fields = { requestId: request.id, method: request.method, url: request.url, code: error.code };
    if (status >= 500 && status !== 503) log.error({ ...fields, err: error }, 'request failed');
    else log.debug(fields, error.message);
    return sendProblem(reply, error, request.id);
  });
  app.addHook('onSend', async (request, reply) => {
    reply.header('x-request-id', request.id).header('server', SERVER);
  });
}

/** RFC 9110, 15.5.6: a path that is there with other methods is told apart from one that is not. */
function refuseUnknown(app: FastifyInstance, routes: readonly RouteDescription[]): void {
  app.setNotFoundHandler(({ method, url, id }, reply) => {
    const [path = ''] = url.split('?');
    const allowed = methodsAt(routes, path);
    if (allowed.length === 0) return sendProblem(reply, apiErrors.noSuchResource(`there is no ${method} ${path}`), id);
    const refusal = apiErrors.methodNotAllowed(`${path} has no ${method}`, { details: { allowed } });
    return sendProblem(reply.header('allow', allowed.join(', ')), refusal, id);
  });
}

const sendProblem = (reply: FastifyReply, error: HawserError, requestId: string) =>
  reply
    .code(statusOf(error))
    .type('application/problem+json')
    .send(JSON.stringify(toProblem(error, requestId)));

const isFastifyError = (thrown: unknown): thrown is FastifyError =>
  thrown instanceof Error && 'code' in thrown && String(thrown.code).startsWith('FST_');

/** The framework's own refusals in the catalogue's terms. */
function asApiError(thrown: unknown): HawserError {
  if (!isFastifyError(thrown)) {
    const status = thrown instanceof Error && 'statusCode' in thrown ? Number(thrown.statusCode) : 500;
    return status >= 400 && status < 500 && thrown instanceof Error
      ? apiErrors.badRequest(sentence(thrown.message), { cause: thrown })
      : toHawserError(thrown);
  }
  if (thrown.code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return apiErrors.tooLarge(`the body has more than ${BODY_LIMIT} bytes`, { cause: thrown });
  if (thrown.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return apiErrors.unsupportedMediaType('the content type is not application/json', { cause: thrown });
  return (thrown.statusCode ?? 500) < 500 ? apiErrors.badRequest(sentence(thrown.message), { cause: thrown }) : toHawserError(thrown);
}

const sentence = (message: string): string => (message.charAt(0).toLowerCase() + message.slice(1)).replace(/\.$/, '');

/** A JSON content type with nothing behind it is an absent body, as clients send it with POST and DELETE. */
function acceptEmptyBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser(['application/json', 'text/plain']);
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) =>
    body.length === 0 ? done(null, undefined) : parse(request, body.toString(), done),
  );
}

const requestIdOf = (header: string | string[] | undefined): string | undefined =>
  typeof header === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(header) ? header : undefined;
