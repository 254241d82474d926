import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, open, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { heldClock } from '../testing/held-clock.ts';
import { load, faults as faultsIn } from './load.fixture.ts';
import { readBytes } from './read-bytes.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-config-'));
});
afterAll(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
const faults = async (imports: string) =>
  (await faultsIn({ 'c.toml': `imports = [${JSON.stringify(at(imports))}]` })).map((fault) => fault.replaceAll(folder, ''));

describe('a main file', () => {
  it('may be a pipe that somebody writes to, however slowly', async () => {
    execFileSync('mkfifo', [at('slow')]);
    const writer = spawn('sh', ['-c', `exec > ${at('slow')}; printf 'root = "/p'; sleep 0.05; printf 'ipe"\\n'`], { stdio: 'ignore' });
    const ended = once(writer, 'exit');
    expect((await load(at('slow'))).root).toBe('/pipe');
    await ended;
  });

  it('that is a pipe without a writer, or with one that says nothing, is an error and no empty config', async () => {
    execFileSync('mkfifo', [at('silent')]);
    const failure = async () => {
      const clock = heldClock();
      return await clock.runUntil(readBytes(at('silent'), clock)).catch((error: unknown) => error);
    };
    expect(await failure()).toMatchObject({ code: 'ETIMEDOUT', message: 'nobody has written to it for 5 s' });
    await using _writer = await open(at('silent'), 'r+');
    expect(await failure()).toMatchObject({ code: 'ETIMEDOUT' });
  });

  it('may be /dev/null, and not a socket, a folder or a circle of links', async () => {
    expect((await load('/dev/null')).files).toEqual(['/dev/null']);
    const server = createServer().listen(at('socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    await symlink(at('loop'), at('loop'));
    await mkdir(at('folder.toml'));
    await mkdir(at('plain'));
    for (const name of ['socket', 'loop', 'folder.toml', 'plain/x/y']) {
      await expect(load(at(name))).rejects.toMatchObject({ code: expect.stringMatching(/^config\.(unreadable|not_found)$/) });
    }
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('an import', () => {
  it.each([
    ['pipe', '/pipe is neither a file nor a link to one'],
    ['zero', '/zero is neither a file nor a link to one'],
    ['dangling', "ENOENT: no such file or directory, open '/dangling'"],
    ['circle', "ELOOP: too many symbolic links encountered, open '/circle'"],
    ['nested', '/nested is a folder'],
  ])('of %j is a fault with file, line and key, at once', async (name, message) => {
    if (name === 'pipe') execFileSync('mkfifo', [at('pipe')]);
    if (name === 'zero') await symlink('/dev/zero', at('zero'));
    if (name === 'dangling') await symlink('/nowhere/at/all', at('dangling'));
    if (name === 'circle') await symlink('circle', at('circle'));
    if (name === 'nested') await mkdir(at('nested'));
    const told = await faults(name);
    expect(told).toEqual([expect.stringMatching(/^c\.toml:1 imports\[0\] ".*" can't be imported: /)]);
    expect(told[0]?.replace(/.* can't be imported: /, '')).toEqual(message);
  });

  it('by a pattern tells each that can’t be read by its name, and what is wrong with the others', async () => {
    await mkdir(at('site'));
    await mkdir(at('site/a.toml'));
    execFileSync('mkfifo', [at('site/b.toml')]);
    await writeFile(at('site/c.toml'), 'rot = 1');
    expect(await faults('site/*.toml')).toEqual([
      expect.stringMatching(/^c\.toml:1 imports\[0\] "\/site\/\*\.toml" can't be imported: \/site\/a\.toml is a folder$/),
      expect.stringMatching(/can't be imported: \/site\/b\.toml is neither a file nor a link to one$/),
      expect.stringContaining('rot is unknown'),
    ]);
  });

  it('of what is no path is a fault of the key', async () => {
    expect(await faults('a\0b')).toEqual(['c.toml:1 imports[0] expected text on one line, not "/a\\u0000b"']);
    expect(await faults('x/'.repeat(3000))).toEqual(['c.toml:1 imports[0] too big: expected string to have <=4095 characters']);
  });

  it('of a file or folder that this user may not read is a fault, and a main file an error', async () => {
    await mkdir(at('closed'));
    await writeFile(at('secret.toml'), 'root = "/a"');
    await writeFile(at('open.toml'), 'imports = ["secret.toml", "closed/a.toml"]');
    await chmod(at('secret.toml'), 0);
    await chmod(at('closed'), 0);
    await chmod(folder, 0o755);
    const wasRoot = process.geteuid?.() === 0;
    if (wasRoot) process.seteuid?.(65_534);
    try {
      await expect(load(at('secret.toml'))).rejects.toMatchObject({ code: 'config.unreadable' });
      const error: unknown = await load(at('open.toml')).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        details: {
          faults: [
            { file: at('open.toml'), line: 1, key: 'imports[0]', message: expect.stringContaining('EACCES') },
            { file: at('open.toml'), line: 1, key: 'imports[1]', message: expect.stringContaining('EACCES') },
          ],
        },
      });
    } finally {
      if (wasRoot) process.seteuid?.(0);
    }
  });

  it('of more than 256 files is a fault', async () => {
    await mkdir(at('many'));
    for (let index = 0; index < 300; index++) await writeFile(at(`many/${index}.toml`), '');
    expect(await faults('many/*.toml')).toEqual([expect.stringContaining('more than 256 files are imported')]);
  });

  it('by a pattern passes over hidden files', async () => {
    await mkdir(at('hidden'));
    await writeFile(at('hidden/.swp.toml'), 'garbage = = 1');
    await writeFile(at('hidden/a.toml'), 'root = "/a"');
    await writeFile(at('main.toml'), 'imports = ["hidden/*.toml"]');
    expect((await load(at('main.toml'))).files).toEqual([at('main.toml'), at('hidden/a.toml')]);
  });
});
