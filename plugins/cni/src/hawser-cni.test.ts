import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decodeEnvironment } from './protocol/environment.ts';
import { decodeRequestFrame, encodeResponseFrame, RequestReader } from './protocol/frame.ts';
import { buildExecutables, run, start } from './testing/executables.ts';

const built = buildExecutables();
afterAll(() => built.dispose());

describe.each(built.executables)('the executable ($name)', (executable) => {
  describe.skipIf(executable.missing !== undefined)(`calls${executable.missing === undefined ? '' : `: ${executable.missing}`}`, () => {
    let folder: string;
    let socket: string;
    let tombstones: string;
    let server: Server | undefined;

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'hwt-cni-'));
      socket = join(folder, 'cni.sock');
      tombstones = join(folder, 'var', 'lib', 'tombstones');
    });
    afterEach(() => {
      server?.close();
      server = undefined;
      rmSync(folder, { recursive: true });
    });

    /** An agent of one's own making. */
    const listen = async (onConnection: (socket: Socket) => void): Promise<void> => {
      server = createServer({ allowHalfOpen: true }, (stream) => {
        stream.on('error', () => undefined);
        onConnection(stream);
      });
      await new Promise<void>((resolve) => server?.listen(socket, resolve));
    };
    /** One that reads a whole request and answers with these bytes. */
    const answering = async (bytes: (request: { environment: ReadonlyMap<string, string>; input: Buffer }) => Buffer | undefined) => {
      await listen((stream) => {
        const reader = new RequestReader();
        stream.on('data', (chunk: Buffer) => {
          const frame = reader.push(chunk);
          const answer = frame && bytes({ environment: decodeEnvironment(frame.environment), input: frame.input });
          if (answer !== undefined) stream.end(answer);
          else if (frame !== undefined) stream.destroy();
        });
      });
    };
    const config = (more: object = {}): string =>
      JSON.stringify({ cniVersion: '1.0.0', name: 'net', type: 'hawser-cni', socket, tombstones, ...more });
    const environment = (command: string, more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
      CNI_COMMAND: command,
      CNI_CONTAINERID: 'c1',
      CNI_IFNAME: 'eth0',
      CNI_NETNS: '/run/netns/x',
      CNI_PATH: '/opt/cni/bin',
      ...more,
    });
    const buried = (): readonly string[] => readdirSync(tombstones).sort();

    test('hands environment and input on verbatim and prints the answer with its exit code', async () => {
      let seen: { environment: ReadonlyMap<string, string>; input: Buffer } | undefined;
      await answering((request) => {
        seen = request;
        return encodeResponseFrame({ exitCode: 0, body: '{"ok":"é"}\n' });
      });
      const input = config({ secret: 'a b\tc' });
      const { code, output } = await run(executable, environment('ADD', { PATH: '/bin', CNI_ARGS: 'A=1;B=é' }), input);
      expect({ code, output }).toEqual({ code: 0, output: '{"ok":"é"}\n' });
      expect(seen?.input.toString()).toBe(input);
      expect(Object.fromEntries(seen?.environment ?? [])).toEqual(environment('ADD', { CNI_ARGS: 'A=1;B=é' }));
    });

    test('passes on any exit code', async () => {
      await answering(() => encodeResponseFrame({ exitCode: 103, body: '{"code":103}' }));
      expect(await run(executable, environment('ADD'), config())).toMatchObject({ code: 103, output: '{"code":103}' });
    });

    test('carries an input of a mebibyte and an answer of several', async () => {
      let length = 0;
      await answering((request) => {
        length = request.input.length;
        return encodeResponseFrame({ exitCode: 0, body: Buffer.alloc(3_000_000, 'x') });
      });
      const padding = 1024 * 1024 - config({ padding: '' }).length;
      const { code, output } = await run(executable, environment('ADD'), config({ padding: 'p'.repeat(padding) }));
      expect({ code, length, answer: output.length }).toEqual({ code: 0, length: 1024 * 1024, answer: 3_000_000 });
    });

    test('refuses larger input with code 6, and a larger environment with code 4', async () => {
      await answering(() => encodeResponseFrame({ exitCode: 0, body: '{}' }));
      expect(await run(executable, environment('ADD'), config({ padding: 'p'.repeat(1024 * 1024) }))).toMatchObject({
        code: 6,
        json: { code: 6 },
      });
      const large = environment('ADD', { CNI_ARGS: 'x'.repeat(65_536) });
      expect(await run(executable, large, config())).toMatchObject({ code: 4, json: { code: 4 } });
    });

    test('reads an answer that comes byte by byte', async () => {
      await listen((stream) => {
        stream.resume();
        const bytes = [...encodeResponseFrame({ exitCode: 7, body: '{"code":7}' })];
        const next = () => {
          const byte = bytes.shift();
          if (byte === undefined) stream.end();
          else stream.write(Buffer.from([byte]), () => setImmediate(next));
        };
        next();
      });
      expect(await run(executable, environment('ADD'), config())).toMatchObject({ code: 7, output: '{"code":7}' });
    });

    test('reads the answer of an agent that refuses before it has the request', async () => {
      await listen((stream) => {
        stream.resume();
        stream.end(encodeResponseFrame({ exitCode: 11, body: '{"code":11}' }));
      });
      expect(await run(executable, environment('DEL'), config({ padding: 'p'.repeat(900_000) }))).toMatchObject({ code: 11 });
    });

    describe('finds its keys at the top level of the config', () => {
      const cases: readonly (readonly [string, (socket: string) => string])[] = [
        [
          'after nested ones of the same name',
          (at) => `{"a":{"socket":"/no"},"b":[{"socket":"/no"},["socket"]],"socket":${JSON.stringify(at)}}`,
        ],
        ['before nested ones', (at) => `{"socket":${JSON.stringify(at)},"runtimeConfig":{"socket":"/no"}}`],
        [
          'beside strings with braces and quotes',
          (at) => `{"a":"}{\\"socket\\":\\"/no\\"","b\\\\":"\\\\","socket":${JSON.stringify(at)},"c":"]"}`,
        ],
        ['where a value has the key as its text', (at) => `{"a":"socket","b":"/no","socket":${JSON.stringify(at)}}`],
        ['with spaces', (at) => ` \n{ "socket"\t:\r\n ${JSON.stringify(at)} , "x" : null }\n`],
        ['with escapes', (at) => `{"s\\u006fcket":"${at.replaceAll('/', '\\/').replace('cni', '\\u0063ni')}"}`],
        ['the last of several', (at) => `{"socket":"/no","socket":${JSON.stringify(at)}}`],
        ['with an empty one ignored later on', (at) => `{"prevResult":{"socket":""},"socket":${JSON.stringify(at)}}`],
      ];
      test.each(cases)('%s', async (_, text) => {
        await answering(() => encodeResponseFrame({ exitCode: 0, body: '{}' }));
        expect(await run(executable, environment('ADD'), text(socket))).toMatchObject({ code: 0 });
      });

      test('in any language', async () => {
        mkdirSync(join(folder, 'é😀'));
        socket = join(folder, 'é😀', 's');
        await answering(() => encodeResponseFrame({ exitCode: 0, body: '{}' }));
        const escaped = socket.replace('é😀', '\\u00e9\\ud83d\\ude00');
        expect(await run(executable, environment('ADD'), `{"socket":"${escaped}"}`)).toMatchObject({ code: 0 });
        expect(await run(executable, environment('ADD'), `{"socket":"${socket}"}`)).toMatchObject({ code: 0 });
      });

      test.each([['relative/cni.sock'], [`/${'x'.repeat(200)}`], [`/${'x'.repeat(5000)}`]])(
        'and refuses an impossible socket',
        async (path) => {
          expect(await run(executable, environment('ADD'), config({ socket: path }))).toMatchObject({ code: 7, json: { code: 7 } });
        },
      );
    });

    describe('without an agent', () => {
      test('answers VERSION itself, also without readable input and with dummy values', async () => {
        const supportedVersions = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'];
        const dummy = { CNI_COMMAND: 'VERSION', CNI_NETNS: 'dummy', CNI_IFNAME: 'dummy', CNI_PATH: 'dummy' };
        expect(await run(executable, dummy, '{"cniVersion":"0.4.0"}')).toMatchObject({
          code: 0,
          json: { cniVersion: '0.4.0', supportedVersions },
        });
        expect(await run(executable, { CNI_COMMAND: 'VERSION' }, undefined)).toMatchObject({
          code: 0,
          json: { cniVersion: '1.1.0', supportedVersions },
        });
        expect(await run(executable, { CNI_COMMAND: 'VERSION' }, '{"cniVersion":"9"')).toMatchObject({
          code: 0,
          json: { cniVersion: '1.1.0' },
        });
      });

      test.each([
        ['ADD', 11],
        ['CHECK', 11],
        ['GC', 11],
        ['STATUS', 50],
      ])('%s says %i', async (command, code) => {
        const failed = await run(executable, environment(command), config({ cniVersion: '0.3.1' }));
        expect(failed).toMatchObject({ code, json: { cniVersion: '0.3.1', code, msg: expect.stringMatching(/hawser agent/) } });
      });

      test('an agent that died and left its socket is the same as none', async () => {
        const dead = createServer();
        await new Promise<void>((resolve) => dead.listen(`${socket}~`, resolve));
        await import('node:fs/promises').then(({ rename }) => rename(`${socket}~`, socket));
        await new Promise((resolve) => dead.close(resolve));
        expect(await run(executable, environment('STATUS'), config())).toMatchObject({ code: 50 });
      });

      test('a DEL becomes a tombstone that holds the whole request, and succeeds in silence', async () => {
        const { code, output } = await run(executable, environment('DEL'), config());
        expect({ code, output }).toEqual({ code: 0, output: '' });
        expect(buried()).toEqual([expect.stringMatching(/^\d{20}-\d+\.del$/)]);
        const path = join(tombstones, buried()[0] ?? '');
        const frame = decodeRequestFrame(readFileSync(path));
        expect(frame.input.toString()).toBe(config());
        expect(decodeEnvironment(frame.environment).get('CNI_CONTAINERID')).toBe('c1');
        expect([statSync(tombstones).mode & 0o777, statSync(path).mode & 0o777]).toEqual([0o700, 0o600]);
      });

      test('the names of tombstones sort by their time', async () => {
        for (const id of ['a', 'b', 'c']) await run(executable, environment('DEL', { CNI_CONTAINERID: id }), config());
        const ids = buried().map((name) =>
          decodeEnvironment(decodeRequestFrame(readFileSync(join(tombstones, name))).environment).get('CNI_CONTAINERID'),
        );
        expect(ids).toEqual(['a', 'b', 'c']);
        const seconds = Number((buried()[0] ?? '').slice(0, 11));
        expect(Math.abs(seconds - Date.now() / 1000)).toBeLessThan(60);
      });

      test('a DEL that names nothing is refused instead of kept', async () => {
        const failed = await run(executable, environment('DEL', { CNI_CONTAINERID: '', CNI_IFNAME: '' }), config());
        expect(failed).toMatchObject({ code: 4, json: { msg: expect.stringContaining('CNI_CONTAINERID, CNI_IFNAME') } });
      });

      test('a DEL that cannot be kept fails, in words that no runtime takes for success', async () => {
        writeFileSync(join(folder, 'file'), '');
        const failed = await run(executable, environment('DEL'), config({ tombstones: join(folder, 'file', 'tombstones') }));
        expect(failed).toMatchObject({ code: 5, json: { code: 5 } });
        expect(failed.output).not.toMatch(/not found|no such file/i);
        expect(await run(executable, environment('DEL'), config({ tombstones: 'relative' }))).toMatchObject({ code: 7 });
      });

      test('never repeats its input in an error', async () => {
        for (const command of ['ADD', 'DEL', 'STATUS', 'X']) {
          const failed = await run(
            executable,
            environment(command, { CNI_CONTAINERID: '', CNI_ARGS: 'S=hunter2' }),
            config({ password: 'hunter2', cniVersion: 'hunter2' }),
          );
          expect(failed.output).not.toContain('hunter2');
        }
      });
    });

    describe('when the agent dies during the call', () => {
      const deaths: readonly (readonly [string, Buffer | undefined])[] = [
        ['before its answer', undefined],
        ['within the header', encodeResponseFrame({ exitCode: 0, body: '{}' }).subarray(0, 9)],
        ['within the body', encodeResponseFrame({ exitCode: 0, body: '{"a":1}' }).subarray(0, 20)],
        ['or is no agent of ours', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
      ];
      test.each(deaths)('%s, a DEL becomes a tombstone and an ADD may be tried again', async (_, bytes) => {
        await answering(() => bytes);
        expect(await run(executable, environment('ADD'), config())).toMatchObject({ code: 11 });
        expect(await run(executable, environment('DEL'), config())).toMatchObject({ code: 0, output: '' });
        expect(buried()).toHaveLength(1);
      });

      test('an ADD that succeeds without a result counts as unanswered', async () => {
        await answering(() => encodeResponseFrame({ exitCode: 0, body: '' }));
        expect(await run(executable, environment('ADD'), config())).toMatchObject({ code: 11 });
        expect(await run(executable, environment('DEL'), config())).toMatchObject({ code: 0, output: '' });
      });
    });

    test('a killed executable closes its connection', async () => {
      const [closed, connected] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      await listen((stream) => {
        stream.resume().on('end', () => stream.destroy());
        stream.on('close', () => closed.resolve());
        connected.resolve();
      });
      const { child, done } = start(executable, environment('ADD'), config());
      await connected.promise;
      child.kill('SIGKILL');
      await closed.promise;
      expect((await done).code).toBeNull();
    });

    test('an agent that does not read delays nobody else: the call waits and ends with it', async () => {
      let stream: Socket | undefined;
      const connected = Promise.withResolvers<void>();
      await listen((accepted) => {
        stream = accepted.pause();
        connected.resolve();
      });
      const { done } = start(executable, environment('DEL'), config({ padding: 'p'.repeat(900_000) }));
      await connected.promise;
      stream?.destroy();
      expect(await done).toMatchObject({ code: 0 });
      expect(buried()).toHaveLength(1);
    });
  });
});
