import { connect } from 'node:net';
import { decodeResponseFrame } from '../../../plugins/cni/src/protocol/frame.ts';
import { serve } from '../../../plugins/cni/src/testing/served.ts';
import { hold } from '../engine/refusal.ts';
import type { FuzzTarget } from '../engine/target.ts';
import { cniFrames } from './cni.ts';

/** Bytes on the socket of a running endpoint. */
export const cniSocket: FuzzTarget = {
  ...cniFrames,
  name: 'cni-socket',
  summary: 'bytes on the socket of the CNI endpoint: one answer in the client’s version, or a close',
  runs: 200,
  open: async () => {
    const served = await serve();
    return {
      async attempt(input) {
        checkAnswer(await send(served.path, input));
        served.attachments.calls.length = 0;
        served.attachments.requests.length = 0;
        served.attachments.reaped.length = 0;
      },
      [Symbol.asyncDispose]: () => served[Symbol.asyncDispose](),
    };
  },
};

async function send(path: string, input: Buffer): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const socket = connect({ path, allowHalfOpen: true });
  socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', resolve));
  const answered = new Promise<void>((resolve) => socket.once('end', resolve));
  socket.write(input, () => undefined);
  // Who ends too early takes the call back; half of the inputs do.
  if (input.length % 2 === 0) socket.end();
  else void answered.then(() => socket.end());
  const timer = setTimeout(() => socket.destroy(), input.length % 2 === 0 ? 20_000 : 100);
  await closed;
  clearTimeout(timer);
  return Buffer.concat(chunks);
}

function checkAnswer(bytes: Buffer): void {
  if (bytes.length === 0) return;
  const response = decodeResponseFrame(bytes);
  hold(response !== undefined, 'half an answer');
  hold(response.exitCode <= 255, `exit code ${response.exitCode}`);
  if (response.body.length === 0) return;
  const body = JSON.parse(response.body.toString()) as Readonly<Record<string, unknown>>;
  hold(typeof body['cniVersion'] === 'string', 'an answer without its version');
  hold((response.exitCode === 0) === (body['code'] === undefined), 'exit code and answer do not agree');
  hold(body['code'] !== 100, `a fault of the agent: ${response.body.toString()}`);
}
