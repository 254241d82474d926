import { EventEmitter } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect } from 'vitest';
import type { Client } from '../api/client.ts';
import { openClient } from '../api/open-client.ts';
import { systemContext } from '../context/index.ts';
import { type AnyPlugin, defineToken } from '../plugin/index.ts';
import { corePlugins } from './core-plugins.ts';
import { runAgent, type RunOptions } from './run-agent.ts';

export const Thing = defineToken<{ readonly ok: true }>()('test.thing.v1');

interface Line {
  readonly msg: string;
  readonly level: number;
  readonly [key: string]: unknown;
}

/** An agent that runs, with the signals that it hears and the lines that it logs. */
export interface RunningAgent {
  readonly code: Promise<number>;
  readonly signals: EventEmitter;
  readonly lines: readonly Line[];
  readonly exits: readonly number[];
  readonly socket: string;
  readonly client: Client;
  ready(): Promise<void>;
  /** Waits for a line that begins so. */
  said(text: string): Promise<void>;
}

/** A folder with a config, and the agents that run on it. */
export interface TestFolder extends AsyncDisposable {
  readonly folder: string;
  /** The config's text below its folders. */
  write(toml: string): Promise<void>;
  run(plugins?: readonly AnyPlugin[], more?: Partial<RunOptions>): RunningAgent;
}

export async function openAgentFolder(): Promise<TestFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'hwt-agent-'));
  const config = join(folder, 'config.toml');
  const write = (toml: string) => writeFile(config, `version = 1\nroot = "${folder}/root"\nstate = "${folder}/state"\n${toml}`);
  await write('');
  const run = (plugins: readonly AnyPlugin[] = [], more: Partial<RunOptions> = {}): RunningAgent => {
    const signals = new EventEmitter();
    const lines: Line[] = [];
    const exits: number[] = [];
    const code = runAgent({
      name: 'test',
      version: '1.0.0',
      plugins: [...corePlugins, ...plugins],
      configFile: config,
      configMissingOk: false,
      context: systemContext,
      log: pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line) as Line) }),
      signals,
      notifySocket: undefined,
      exit: (status) => void exits.push(status),
      ...more,
    });
    const said = async (text: string) => {
      await expect.poll(() => lines.some(({ msg }) => msg.startsWith(text))).toBe(true);
    };
    const ready = async () => {
      await expect.poll(() => lines.some(({ msg }) => msg === 'ready')).toBe(true);
    };
    const socket = join(folder, 'state/hawser.sock');
    return { code, signals, lines, exits, ready, said, socket, client: openClient({ socket }) };
  };
  return { folder, write, run, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}
