import { type Attachment, attachmentKey, type NetworkMode } from '@hawser/core/network';
import { methodOf } from '../wire/proto.ts';
import { attachRequest, claimsRequest, settingsRequest } from '../wire/shapes.ts';
import { toStruct } from '../wire/struct.ts';
import { streamHandler, unaryHandler } from './handler.ts';
import { needMessages } from './needs.ts';
import { type Handler, serve, type ServeOptions, type Served } from './server.ts';
import { Turns } from './turns.ts';

/**
 * Serves a mode to agents in other processes.
 *
 * ```ts
 * await using served = await serveMode(new AcmeMode(), { socket: '/run/acme.sock', name: 'acme', version: '1.0.0' });
 * ```
 *
 * Its claims have to be made by `proposeClaim` or by what `agentAddresses` returns.
 */
export async function serveMode(mode: NetworkMode, options: ServeOptions): Promise<Served> {
  // A call that its caller has given up may still be at work when the next one arrives.
  const turns = new Turns();
  const inTurn = <T>(attachment: Attachment, signal: AbortSignal, work: () => Promise<T>): Promise<T> =>
    turns.run(attachmentKey(attachment), signal, work);
  return await serve(
    'hawser.mode.v1',
    [settings(mode), claims(mode), attach(mode, inTurn), check(mode, inTurn), detach(mode, inTurn)],
    options,
  );
}

type InTurn = <T>(attachment: Attachment, signal: AbortSignal, work: () => Promise<T>) => Promise<T>;

const method = (name: string) => methodOf('hawser.mode.v1.Mode', name);

function settings(mode: NetworkMode): Handler {
  const handle = unaryHandler(method('Settings'), settingsRequest, async ({ request }, signal) => ({
    settings: toStruct((await mode.settings?.(request, signal)) ?? {}),
  }));
  return { method: method('Settings'), handle };
}

function claims(mode: NetworkMode): Handler {
  const handle = unaryHandler(method('Claims'), claimsRequest, async ({ request, settings, refused }) => ({
    needs: needMessages(mode.claims(request, settings), refused),
  }));
  return { method: method('Claims'), handle };
}

function attach(mode: NetworkMode, inTurn: InTurn): Handler {
  const handle = unaryHandler(method('Attach'), attachRequest, ({ attachment }, signal) =>
    inTurn(attachment, signal, async () => ({ result: await mode.attach(attachment, signal) })),
  );
  return { method: method('Attach'), handle };
}

function check(mode: NetworkMode, inTurn: InTurn): Handler {
  const handle = unaryHandler(method('Check'), attachRequest, ({ attachment }, signal) =>
    inTurn(attachment, signal, async () => {
      await mode.check(attachment, signal);
      return {};
    }),
  );
  return { method: method('Check'), handle };
}

function detach(mode: NetworkMode, inTurn: InTurn): Handler {
  const handle = streamHandler(method('Detach'), attachRequest, async function* ({ attachment }, signal) {
    const outcome = await inTurn(attachment, signal, async () => mode.detach(attachment, signal));
    if (outcome) {
      yield { settled: false };
      await outcome.settled;
    }
    yield { settled: true };
  });
  return { method: method('Detach'), handle };
}
