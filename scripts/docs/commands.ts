import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import type { CodeBlock } from '../markdown.ts';
import { type CommandHelp, hawserFault, parseHelp } from './command-help.ts';
import { routeFault } from './names.ts';
import { commandsIn, type SimpleCommand } from './words.ts';

const HAWSER = 'examples/agent/bin/hawser.js';
const Manifest = z.object({ scripts: z.record(z.string(), z.string()).default({}) });
const known = new Map<string, CommandHelp>();

/** What a shell block names that isn't there: scripts of npm, commands and options of hawser, routes of its API. */
export function commandFaults(block: CodeBlock, routes: ReadonlySet<string>): readonly string[] {
  if (!['sh', 'bash', 'console', 'shell'].includes(block.language)) return [];
  return commandsIn(block.lines).flatMap(([line, command]) => {
    const fault = commandFault(command, dirname(block.file), routes);
    return fault === undefined ? [] : [`${block.file}:${block.line + line}: ${fault}`];
  });
}

function commandFault([program, ...args]: SimpleCommand, folder: string, routes: ReadonlySet<string>): string | undefined {
  if (program === 'npm') return scriptFault(args, folder);
  if (program === 'npx' && args[0] === 'hawser') return hawserFault(args.slice(1), helpOf);
  if (program === 'curl') return curlFault(args, routes);
  return program === 'hawser' ? hawserFault(args, helpOf) : undefined;
}

/** Of the page's own folder, or of the repository. */
function scriptFault([verb = '', name = '']: readonly string[], folder: string): string | undefined {
  const script = verb === 'run' ? name : ['start', 'test'].includes(verb) ? verb : undefined;
  const isThere = ['.', folder].some((place) => script !== undefined && script in scriptsIn(place));
  return script === undefined || isThere ? undefined : `package.json has no script '${script}'`;
}

function scriptsIn(folder: string): Readonly<Record<string, string>> {
  const file = join(folder, 'package.json');
  return existsSync(file) ? Manifest.parse(JSON.parse(readFileSync(file, 'utf8'))).scripts : {};
}

function curlFault(args: readonly string[], routes: ReadonlySet<string>): string | undefined {
  const path = args.find((word) => word.startsWith('http://hawser/'))?.slice('http://hawser'.length);
  const method = args[args.indexOf('-X') + 1 || -1] ?? (args.includes('--json') ? 'POST' : 'GET');
  return path === undefined ? undefined : routeFault(method, path, routes);
}

function helpOf(path: readonly string[]): CommandHelp {
  const key = path.join(' ');
  const help = known.get(key) ?? parseHelp(execFileSync('node', [HAWSER, ...path, '--help'], { encoding: 'utf8', timeout: 30_000 }));
  known.set(key, help);
  return help;
}
