import { describe, expect, it } from 'vitest';
import { type Received, scriptedLibc } from '../testing/scripted-libc.ts';
import { messagesOf } from '../testing/messages.ts';
import { attribute, encodeAttributes } from './attributes.ts';
import { cString, readU32, u32, writeU16, writeU32 } from './bytes.ts';
import { NLMSG_DONE, NLMSG_ERROR, NLM_F_ACK, NLM_F_DUMP_INTR, type Request } from './message.ts';
import { NETLINK_ROUTE, NetlinkSocket, openNetlink } from './socket.ts';

const request: Request = { type: 16, header: Buffer.alloc(16), doing: 'make a link' };

function message(type: number, sequence: number, payload: Buffer, flags = 0): Buffer {
  const bytes = Buffer.alloc(16 + payload.length);
  writeU32(bytes, bytes.length);
  writeU16(bytes, type, 4);
  writeU16(bytes, flags, 6);
  writeU32(bytes, sequence, 8);
  bytes.set(payload, 16);
  return bytes;
}

const acknowledge = (sequence: number, errno = 0, text?: string): Buffer => {
  const extra = text === undefined ? Buffer.alloc(0) : encodeAttributes([attribute(1, cString(text))]);
  return message(NLMSG_ERROR, sequence, Buffer.concat([u32(-errno), Buffer.alloc(16), extra]), text === undefined ? 0x100 : 0x300);
};
const done = (sequence: number, flags = 0): Buffer => message(NLMSG_DONE, sequence, u32(0), flags);
const sequencesOf = (sent: Buffer): number[] => messagesOf(sent).map(({ sequence }) => sequence);

function scripted() {
  const script = scriptedLibc();
  const socket = new NetlinkSocket(script.libc, () => openNetlink(script.libc, { protocol: NETLINK_ROUTE, receiveTimeoutMs: 100 }));
  return { script, socket };
}

describe('requests', () => {
  it('go in one send and are answered each', () => {
    const { script, socket } = scripted();
    script.answer = (sent) => [
      { bytes: Buffer.concat(sequencesOf(sent).map((sequence, index) => acknowledge(sequence, index === 1 ? 17 : 0, 'taken'))) },
    ];
    const outcomes = socket.exchange([request, request, request]);
    expect(outcomes.map(({ errno }) => errno)).toEqual([0, 17, 0]);
    expect(outcomes[1]?.error).toMatchObject({ code: 'host.already_exists', details: { errno: 'EEXIST', kernelText: 'taken' } });
    expect(outcomes[1]?.error?.message).toBe('the kernel refuses to make a link: taken');
    expect(script.calls.filter((call) => call.startsWith('send'))).toHaveLength(1);
  });

  it('ask for one acknowledgement, and are told what was refused without it', () => {
    const { script, socket } = scripted();
    const asked: boolean[] = [];
    script.answer = (sent) => {
      const messages = messagesOf(sent);
      asked.push(...messages.map(({ flags }) => (flags & NLM_F_ACK) !== 0));
      const [, second, last] = messages.map(({ sequence }) => sequence);
      return [{ bytes: acknowledge(second ?? 0, 17) }, { bytes: acknowledge(last ?? 0) }];
    };
    expect(socket.exchange([request, request, request]).map(({ errno }) => errno)).toEqual([0, 17, 0]);
    expect(asked).toEqual([false, false, true]);
  });

  it('of which a refusal was lost fail, whatever became of the last', () => {
    const { script, socket } = scripted();
    script.answer = (sent) => [{ errno: 105 }, { bytes: acknowledge(sequencesOf(sent)[1] ?? 0) }];
    expect(() => socket.exchange([request, request])).toThrow(expect.objectContaining({ code: 'host.busy' }));
  });

  it('more than the receive buffer has room for go in several sends', () => {
    const { script, socket } = scripted();
    script.answer = (sent) => sequencesOf(sent).map((sequence) => ({ bytes: acknowledge(sequence) }));
    expect(socket.exchange(Array.from({ length: 150 }, () => request))).toHaveLength(150);
    expect(script.calls.filter((call) => call.startsWith('send'))).toHaveLength(3);
  });

  it('listen to the kernel alone, and not to late answers', () => {
    const { script, socket } = scripted();
    script.answer = (sent) => {
      const [sequence = 0] = sequencesOf(sent);
      return [
        { bytes: acknowledge(sequence, 1), port: 4711 },
        { bytes: acknowledge(sequence - 1, 1) },
        { errno: 4 },
        { bytes: acknowledge(sequence) },
      ];
    };
    expect(() => socket.request(request)).not.toThrow();
  });

  const lost: readonly [string, Received, string][] = [
    ['not given in time', { errno: 11 }, 'host.busy'],
    ['dropped by the kernel', { errno: 105 }, 'host.busy'],
    ['torn', { bytes: Buffer.from([9, 0, 0, 0, 1]) }, 'host.kernel'],
    ['longer than any', { bytes: Buffer.alloc(256 * 1024) }, 'host.kernel'],
  ];
  it.each(lost)('fail when the answer is %s, and the next has a new socket', (_, received, code) => {
    const { script, socket } = scripted();
    script.answer = () => [received];
    expect(() => socket.request(request)).toThrow(expect.objectContaining({ code }));
    script.answer = (sent) => [{ bytes: acknowledge(sequencesOf(sent)[0] ?? 0) }];
    expect(() => socket.request(request)).not.toThrow();
    expect(script.calls.filter((call) => /^(socket|close)/.test(call))).toHaveLength(3);
  });

  it('are refused by a closed socket, which opens no other', () => {
    const { script, socket } = scripted();
    expect(script.calls).toEqual([]);
    socket[Symbol.dispose]();
    expect(() => socket.request(request)).toThrow(expect.objectContaining({ code: 'host.namespace_gone' }));
    expect(script.calls).toEqual([]);
  });
});

describe('dumps', () => {
  const object = (sequence: number, value: number) => message(16, sequence, u32(value));
  const read = (socket: NetlinkSocket) => socket.dump(request, ({ bytes, start }) => readU32(bytes, start));

  it('have all parts', () => {
    const { script, socket } = scripted();
    script.answer = (sent) => {
      const [sequence = 0] = sequencesOf(sent);
      return [
        { bytes: Buffer.concat([object(sequence, 1), object(sequence, 2)]) },
        { bytes: object(sequence, 3) },
        { bytes: done(sequence) },
      ];
    };
    expect(read(socket)).toEqual([1, 2, 3]);
  });

  it('that a change interrupts are asked again', () => {
    const { script, socket } = scripted();
    let tries = 0;
    script.answer = (sent) => {
      const [sequence = 0] = sequencesOf(sent);
      tries++;
      return [{ bytes: object(sequence, tries) }, { bytes: done(sequence, tries < 3 ? NLM_F_DUMP_INTR : 0) }];
    };
    expect(read(socket)).toEqual([3]);
  });

  it('that are always interrupted fail after some tries', () => {
    const { script, socket } = scripted();
    script.answer = (sent) => [{ bytes: done(sequencesOf(sent)[0] ?? 0, NLM_F_DUMP_INTR) }];
    expect(() => read(socket)).toThrow(expect.objectContaining({ code: 'host.busy' }));
    expect(script.calls.filter((call) => call.startsWith('send'))).toHaveLength(10);
  });
});
