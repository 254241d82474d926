import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { buildExecutables, run } from './testing/executables.ts';

const built = buildExecutables();
const folder = mkdtempSync(join(tmpdir(), 'hwt-cni-'));
const tombstones = join(folder, 'tombstones');
afterAll(() => {
  built.dispose();
  rmSync(folder, { recursive: true });
});

const text = (more: object = {}): string =>
  JSON.stringify({ cniVersion: '1.0.0', name: 'net', type: 'hawser-cni', socket: join(folder, 'cni.sock'), tombstones, ...more });

interface Refused {
  readonly what: string;
  readonly code: number;
  readonly command?: string;
  readonly input?: string;
  readonly variables?: Readonly<Record<string, string>>;
}

/** What the agent itself would say: it could never carry out such a tombstone, and the caller would believe that it will. */
const refused: readonly Refused[] = [
  { what: 'no JSON', code: 6, input: 'not json' },
  { what: 'nothing', code: 6, input: '' },
  { what: 'JSON that breaks off', code: 6, input: text().slice(0, -1) },
  { what: 'more than an object', code: 6, command: 'ADD', input: `${text()}x` },
  { what: 'no name', code: 7, input: text({ name: '' }) },
  { what: 'a version of tomorrow', code: 1, input: text({ cniVersion: '9.9.9' }) },
  { what: 'no CNI_PATH', code: 4, variables: { CNI_PATH: '' } },
  { what: 'no namespace for an ADD', code: 4, command: 'ADD', variables: { CNI_NETNS: '' } },
  { what: 'a command that there is not', code: 4, command: 'NONSENSE' },
  { what: 'no command', code: 4, command: '' },
];

describe.each(built.executables)('the executable ($name) without an agent', (executable) => {
  test.skipIf(executable.missing !== undefined).each(refused)(
    'refuses $what with code $code, instead of keeping it or putting it off',
    async ({ code, command = 'DEL', input = text(), variables = {} }) => {
      const environment = { CNI_COMMAND: command, CNI_CONTAINERID: 'c1', CNI_IFNAME: 'eth0', CNI_NETNS: '/run/netns/x', CNI_PATH: '/bin' };
      const failed = await run(executable, { ...environment, ...variables }, input);
      expect(failed).toMatchObject({ code, json: { code, msg: expect.not.stringContaining('hawser agent') } });
      expect(existsSync(tombstones)).toBe(false);
    },
  );
});
