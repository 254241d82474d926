import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import * as z from 'zod';
import { pino } from 'pino';
import { secret } from '../config/index.ts';
import { toHawserError } from '../errors/index.ts';
import { type AnyPlugin, definePlugin } from '../plugin/index.ts';
import { redact } from './redact.ts';
import { openAgentFolder, type TestFolder, Thing } from './run-agent.fixture.ts';

const never = new AbortController().signal;
const [PLAIN, OLD, NEW] = ['plain-4711-plugh', 'old-4711-plugh', 'new-4711-plugh'];

let agent: TestFolder;
beforeEach(async () => {
  agent = await openAgentFolder();
});
afterEach(() => agent[Symbol.asyncDispose]());

/** Tells all that it knows wherever it can, and notes what it was really given. */
const talkative = (given: string[]): AnyPlugin =>
  definePlugin({
    provides: Thing,
    id: 'talkative',
    summary: 'Says too much.',
    config: z.strictObject({
      token: secret().describe('Kept'),
      file: secret().describe('Kept elsewhere'),
      mood: z.string().default('good').describe('Of the day'),
    }),
    start: ({ config, log, status }) => {
      const { token, file, mood } = config;
      given.push(`${token.reveal()} ${file.reveal()}`);
      const sentence = `opened with ${String(token)} and ${file.toString()}`;
      const error = Object.assign(new TypeError(sentence), { config, secret: token });
      log.info({ config, token, nested: { deep: [file] }, text: inspect(config) }, sentence);
      log.error({ err: error }, JSON.stringify(config));
      status.degraded(error);
      if (mood === 'bad') throw error;
      return { ok: true } as const;
    },
  });

test('no secret is in a log, an answer of the API, an event, a plan or an error, whatever a plugin tells; a reload takes up a replaced file', async () => {
  const given: string[] = [];
  const path = join(agent.folder, 'token');
  const table = (mood: string, token = PLAIN): string =>
    `[plugins."test.thing.v1.talkative"]\ntoken = "${token}"\nfile = { file = "${path}" }\nmood = "${mood}"\n`;
  await writeFile(path, `${OLD}\n`);
  await agent.write(table('good'));
  const out: string[] = [];
  const log = pino(
    { formatters: { log: (fields: Record<string, unknown>) => redact(fields) } },
    { write: (line: string) => void out.push(line) },
  );
  const { code, signals, client, socket } = agent.run([talkative(given)], { log });
  await expect.poll(() => out.some((line) => line.includes('"msg":"ready"'))).toBe(true);
  const shown: unknown[] = [];

  await writeFile(path, NEW);
  shown.push(await client.config.reload({ dryRun: true }, never));
  const { changed, steps } = await client.config.reload({ dryRun: false }, never);
  expect(changed).toEqual(['plugins."test.thing.v1.talkative".file']);
  expect(steps).toMatchObject([{ uri: 'test.thing.v1.talkative', action: 'restart', reason: 'its settings have changed: file' }]);
  expect(given).toEqual([`${PLAIN} ${OLD}`, `${PLAIN} ${NEW}`]);

  await agent.write(table('bad', `${PLAIN}-2`));
  shown.push(await client.config.reload({ dryRun: false }, never).catch(toHawserError));
  await agent.write(`${table('good')}tokem = "${PLAIN}"\n`);
  shown.push(await client.config.reload({ dryRun: false }, never).catch(toHawserError));
  await agent.write(table('good').replace(`"${PLAIN}"`, '4711'));
  shown.push(await client.config.reload({ dryRun: false }, never).catch(toHawserError));
  shown.push(changed, steps, await client.plugins(never), socket);
  shown.push(await Array.fromAsync(client.events({ follow: false, from: 'start', signal: never })));
  signals.emit('SIGTERM', 'SIGTERM');
  await code;

  const told = [...out, ...shown.map((one) => inspect(one, { depth: 20 })), JSON.stringify(shown)].join('\n');
  expect(told).toContain('opened with *** and ***');
  expect(told).not.toContain('4711');
});
