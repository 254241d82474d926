import { spawn, spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import * as fc from 'fast-check';
import { hold } from '../engine/refusal.ts';
import type { FuzzTarget } from '../engine/target.ts';
import { CNI_PIECES, cniCallGrammar, splitCall } from './cni.ts';

const SOURCE = join(import.meta.dirname, '..', '..', '..', 'plugins', 'cni', 'native', 'hawser-cni.c');
/** What is installed where there is no compiler. */
const SCRIPT = join(import.meta.dirname, '..', '..', '..', 'plugins', 'cni', 'src', 'hawser-cni.ts');
/** Every read and write out of bounds ends the program with a report. */
const FLAGS = ['-std=gnu11', '-g', '-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
const ENDED = 77;
const SANITIZERS = { ASAN_OPTIONS: `exitcode=${ENDED}:detect_leaks=0`, UBSAN_OPTIONS: `exitcode=${ENDED}` };
const PATIENCE_MS = 20_000;

/** Behind this line stands what the agent answers. */
const ANSWER = '\n#--- answer ---\n';

const compiler = (): string | undefined =>
  ['gcc', 'cc', 'clang'].find((one) => {
    const { status } = spawnSync(one, [...FLAGS, '-x', 'c', '-o', '/dev/null', '-'], {
      input: 'int main(void) { return 0; }',
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    return status === 0;
  });

let found: { readonly name: string | undefined } | undefined;
const theCompiler = (): string | undefined => (found ??= { name: compiler() }).name;

const answers = fc.oneof(
  fc.constantFrom(
    'HCNI\x01\0\0\0\0\0\0\0\x02\0\0\0{}',
    'HCNI\x01\0\0\0\0\0\0\0\xff\xff\xff\xff',
    'HCNI\x01\0\0\0\0\x01\0\0\0\0\0\0',
    'HCNI\x02\0\0\0',
    '',
  ),
  fc.string(),
);

/** The program that runtimes execute, built with checks of every access. */
export const executable: FuzzTarget = {
  name: 'executable',
  summary:
    'the CNI executable in C: environment, standard input and answers of garbage; a verdict of CNI, never a read out of bounds, and the same from the script',
  format: 'text',
  pieces: [
    ...CNI_PIECES,
    '"socket":"',
    '"tombstones":"',
    '\\u',
    '\\ud83d\\ude00',
    '\\',
    '\0',
    ANSWER,
    'HCNI',
    '\x01\0\0\0',
    '\xff\xff\xff\xff',
  ],
  grammar: fc.tuple(cniCallGrammar, answers).map(([call, answer]) => Buffer.from(`${call}${ANSWER}${answer}`, 'latin1')),
  runs: 40,
  slowMs: 5_000,
  skip: () => (theCompiler() === undefined ? 'no C compiler with sanitizers' : undefined),
  open: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hwt-fuzz-executable-'));
    const program = join(folder, 'hawser-cni');
    const built = spawnSync(theCompiler() ?? 'cc', [...FLAGS, '-o', program, SOURCE], { encoding: 'utf8' });
    hold(built.status === 0, `it can't be built: ${built.stderr}`);
    await openToNobody(folder);
    const script = [process.execPath, '--disable-warning=ExperimentalWarning', SCRIPT];
    const twin = (await run(script, folder, Buffer.from('CNI_COMMAND=VERSION'))).code === 0 ? script : undefined;
    let answer: Buffer = Buffer.alloc(0);
    const agent = await listen(join(folder, 's'), () => answer);
    return {
      async attempt(input) {
        const at = input.indexOf(ANSWER);
        answer = at < 0 ? Buffer.alloc(0) : input.subarray(at + ANSWER.length);
        const call = at < 0 ? input : input.subarray(0, at);
        const verdict = await run([program], folder, call);
        checkVerdict(verdict);
        if (twin !== undefined && isJson(standardInput(call, folder))) checkTwin(verdict, await run(twin, folder, call));
      },
      async [Symbol.asyncDispose]() {
        agent.close();
        await rm(folder, { recursive: true });
      },
    };
  },
};

/** Whatever an input makes it do, it may do it as nobody. */
const NOBODY = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

async function openToNobody(folder: string): Promise<void> {
  await chmod(folder, 0o777);
  if (basename(tmpdir()).startsWith('hwt-fuzz-')) await chmod(tmpdir(), 0o711);
}

/** An agent that answers whoever connects with these bytes, and hears nothing. */
async function listen(path: string, answer: () => Buffer): Promise<Server> {
  const server = createServer(
    (socket) =>
      void socket
        .on('error', () => undefined)
        .on('data', () => undefined)
        .end(answer()),
  );
  await new Promise<void>((resolve) => server.listen(path, resolve));
  await chmod(path, 0o666);
  return server;
}

interface Verdict {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

async function run([program = '', ...rest]: readonly string[], folder: string, call: Buffer): Promise<Verdict> {
  const { variables } = splitCall(call);
  const environment = Object.fromEntries(
    variables.slice(0, 20).flatMap((variable) => {
      const at = variable.indexOf('=');
      // The kernel bounds what a program is started with.
      const fits = at > 0 && variable.length < 64 * 1024 && !variable.includes('\0');
      return fits ? [[variable.slice(0, at), variable.slice(at + 1)]] : [];
    }),
  );
  const child = spawn(program, rest, {
    ...NOBODY,
    cwd: folder,
    env: { ...environment, ...SANITIZERS },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: PATIENCE_MS,
    killSignal: 'SIGKILL',
  });
  const [output, errors]: Buffer[][] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => output?.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => errors?.push(chunk));
  child.stdin.on('error', () => undefined);
  child.stdin.end(standardInput(call, folder));
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  return { code, output: Buffer.concat(output ?? []).toString('latin1'), errors: Buffer.concat(errors ?? []).toString() };
}

/** Sockets and folders that the input names are none, so that nothing elsewhere is touched; ours stand first and last. */
function standardInput(call: Buffer, folder: string): Buffer {
  const input = Buffer.from(splitCall(call).input.toString('latin1').replaceAll('/', '_'), 'latin1');
  const end = input.lastIndexOf('}');
  const fields = `"socket":"${join(folder, 's')}","tombstones":"${join(folder, 't')}"`;
  if (end <= 0) return Buffer.from(`{${fields}}`);
  return Buffer.concat([Buffer.from(`{${fields},`), input.subarray(input.indexOf('{') + 1, end), Buffer.from(`,${fields}}`)]);
}

function checkVerdict({ code, output, errors }: Verdict): void {
  hold(code !== null && code !== ENDED && !/runtime error|Sanitizer/.test(errors), `it ended with ${code}: ${errors.slice(0, 2_000)}`);
  hold(errors === '', `it wrote to standard error: ${errors.slice(0, 200)}`);
  if (![1, 4, 5, 6, 7, 11, 50].includes(code) || !output.startsWith('{"cniVersion":"')) return;
  const { msg } = JSON.parse(output) as { readonly msg?: string };
  hold(typeof msg === 'string' && msg !== '', 'a refusal without a sentence');
}

/** The other executable reads what is JSON alone. */
function isJson(input: Buffer): boolean {
  try {
    JSON.parse(input.toString());
    return true;
  } catch {
    return false;
  }
}

/** In brackets stand the names of errors, which one of them has as numbers. */
const comparable = ({ code, output }: Verdict): string => `${code} ${output.replace(/ \([^()]*\)"/, '"')}`;

function checkTwin(one: Verdict, other: Verdict): void {
  hold(other.errors === '', `the script wrote to standard error: ${other.errors.slice(0, 200)}`);
  hold(comparable(one) === comparable(other), `the executables do not agree: ${comparable(one)} and ${comparable(other)}`);
}
