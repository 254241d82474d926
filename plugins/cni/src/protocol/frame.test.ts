import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CniError } from './cni-error.ts';
import {
  decodeRequestFrame,
  decodeResponseFrame,
  encodeRequestFrame,
  encodeResponseFrame,
  MAX_INPUT_BYTES,
  RequestReader,
} from './frame.ts';

const header = (magic: string, version: number, environment: number, input: number): Buffer => {
  const bytes = Buffer.alloc(16);
  bytes.write(magic);
  bytes.writeUInt32LE(version, 4);
  bytes.writeUInt32LE(environment, 8);
  bytes.writeUInt32LE(input, 12);
  return bytes;
};

const codeOf = (action: () => unknown): number => {
  try {
    action();
  } catch (error) {
    if (error instanceof CniError) return error.code;
    throw error;
  }
  return 0;
};

describe('a request frame', () => {
  test('comes out as it went in, however the stream cuts it', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 60 }),
        (input, cuts) => {
          const bytes = encodeRequestFrame({ CNI_COMMAND: 'ADD', CNI_ARGS: 'A=é' }, input);
          const reader = new RequestReader();
          let at = 0;
          let frame: ReturnType<RequestReader['push']>;
          for (let turn = 0; at < bytes.length; turn++) {
            expect(frame).toBeUndefined();
            const size = cuts[turn % cuts.length] ?? 1;
            frame = reader.push(bytes.subarray(at, at + size));
            at += size;
          }
          expect(frame?.environment.toString()).toBe('CNI_COMMAND=ADD\0CNI_ARGS=A=é\0');
          expect(Buffer.from(input).equals(frame?.input ?? Buffer.alloc(1))).toBe(true);
        },
      ),
    );
  });

  test.each([
    ['another protocol', header('GET ', 1, 0, 0), 6],
    ['another version', header('HCNI', 2, 0, 0), 5],
    ['too large an environment', header('HCNI', 1, 65_537, 0), 4],
    ['too large an input', header('HCNI', 1, 0, MAX_INPUT_BYTES + 1), 6],
    ['an absurd input', header('HCNI', 1, 0xffffffff, 0xffffffff), 4],
    ['bytes after its end', Buffer.concat([header('HCNI', 1, 0, 0), Buffer.from('x')]), 6],
  ])('is refused for %s, before more is read', (_, bytes, code) => {
    expect(codeOf(() => new RequestReader().push(bytes))).toBe(code);
  });

  test('that is cut off in a file is an error', () => {
    expect(codeOf(() => decodeRequestFrame(encodeRequestFrame({ CNI_COMMAND: 'DEL' }, Buffer.from('{}')).subarray(0, 20)))).toBe(6);
  });

  test('of any bytes gives a frame, nothing yet or a CniError', () => {
    const magic = fc
      .tuple(fc.uint8Array({ maxLength: 64 }), fc.boolean())
      .map(([bytes, ours]) => (ours ? Buffer.concat([Buffer.from('HCNI\x01\0\0\0'), bytes]) : Buffer.from(bytes)));
    fc.assert(fc.property(magic, (bytes) => void codeOf(() => new RequestReader().push(bytes))));
  });
});

describe('a response frame', () => {
  test('comes out as it went in once it is whole', () => {
    const bytes = encodeResponseFrame({ exitCode: 11, body: '{"é":1}' });
    for (let size = 0; size < bytes.length; size++) expect(decodeResponseFrame(bytes.subarray(0, size))).toBeUndefined();
    expect(decodeResponseFrame(bytes)).toEqual({ exitCode: 11, body: Buffer.from('{"é":1}') });
  });

  test('of garbage is refused', () => {
    expect(codeOf(() => decodeResponseFrame(header('HTTP', 1, 0, 0)))).toBe(6);
    expect(codeOf(() => decodeResponseFrame(header('HCNI', 1, 0, 0xffffffff)))).toBe(6);
  });
});
