import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { toHawserError } from '../errors/index.ts';
import { toProblem } from './problem.ts';
import { SERVER } from './route.ts';

/**
 * Writes items as newline-delimited JSON, no faster than the client reads. The head goes out at once. What fails
 * on the way is the last line, `{"error":{…}}`, because the status is gone by then.
 */
export async function streamLines(
  response: ServerResponse,
  items: AsyncIterable<object> | Iterable<object>,
  signal: AbortSignal,
  requestId: string,
): Promise<void> {
  response.writeHead(200, {
    'content-type': 'application/x-ndjson',
    'x-request-id': requestId,
    server: SERVER,
    'cache-control': 'no-store',
  });
  response.flushHeaders();
  try {
    for await (const item of items) {
      if (signal.aborted) break;
      if (!response.write(`${JSON.stringify(item)}\n`)) await once(response, 'drain', { signal });
    }
    signal.throwIfAborted();
  } catch (error) {
    if (response.writable)
      response.write(`${JSON.stringify({ error: toProblem(toHawserError(signal.aborted ? signal.reason : error), requestId) })}\n`);
  } finally {
    response.end();
  }
}
