import { execFile } from 'node:child_process';
import { extname } from 'node:path';
import type { Subject } from './subject.ts';

const DEADLINE_MS = 30_000;
/** Node's code of exit where the modules wait for what nothing can bring any more. */
const UNSETTLED = 13;
/** Of this very file: the sources run as they are, what was built from them has another. */
const EXTENSION = extname(import.meta.url);
const PROBE = new URL(`./import-probe${EXTENSION}`, import.meta.url).href;

/** What importing its module does beside defining, one sentence each; nothing where no module is told. */
export async function importFaults({ options }: Subject): Promise<readonly string[]> {
  if (options.module === undefined) return [];
  // That process may read and compute; whatever else it wants is refused where it asks for it.
  const flags = [
    '--no-warnings',
    '--permission',
    '--allow-fs-read=*',
    '--allow-addons',
    ...(EXTENSION === '.ts' ? ['--conditions=hawser:source'] : []),
  ];
  const { stdout, error } = await run([...flags, '--input-type=module', '--eval', probing(String(options.module))]);
  const answer = stdout.split('\n').findLast((line) => line.startsWith('['));
  if (answer !== undefined) return (JSON.parse(answer) as readonly string[]).map((fault) => `importing it ${fault}`);
  return [`importing it ${error}`];
}

/** A module without a place: the names of packages are looked for from the working folder on. */
const probing = (module: string): string =>
  `import { probe } from ${JSON.stringify(PROBE)}; await probe(() => import(${JSON.stringify(module)})); process.exit(0);`;

function run(parameters: readonly string[]): Promise<{ readonly stdout: string; readonly error: string }> {
  const options = { timeout: DEADLINE_MS, killSignal: 'SIGKILL', env: { ...process.env, NODE_OPTIONS: '' } } as const;
  return new Promise((resolve) => {
    execFile(process.execPath, parameters, options, (error, stdout, stderr) => {
      const code = error?.code ?? 0;
      const isStuck = error?.killed === true || code === UNSETTLED;
      resolve({
        stdout,
        error: isStuck ? 'does not end' : `ends the process with${stderr === '' ? ` code ${code}` : `: ${stderr.trim()}`}`,
      });
    });
  });
}
