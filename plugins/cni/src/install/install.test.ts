import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cniErrors } from '../endpoint/errors.ts';
import { DEFAULT_SOCKET, DEFAULT_TOMBSTONES, renderConflist, usesOurExecutable } from './conflist.ts';
import { runsOn, withInterpreter } from './executable.ts';
import { installCni, uninstallCni } from './install.ts';

const built = existsSync(new URL('../../dist/hawser-cni.js', import.meta.url));
let folder: string;
let binDir: string;
let confDir: string;
const options = () => ({ binDir, confDir, name: 'hawser', socket: DEFAULT_SOCKET, tombstones: DEFAULT_TOMBSTONES });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hwt-install-'));
  binDir = join(folder, 'opt', 'bin');
  confDir = join(folder, 'etc', 'net.d');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the network configuration', () => {
  test('offers an old and a new version and names no default', () => {
    expect(JSON.parse(renderConflist(options()))).toEqual({
      cniVersion: '1.0.0',
      cniVersions: ['0.4.0', '1.0.0', '1.1.0'],
      name: 'hawser',
      plugins: [
        {
          type: 'hawser-cni',
          capabilities: { ips: true, mac: true, portMappings: true, bandwidth: true, 'io.kubernetes.cri.pod-annotations': true },
        },
      ],
    });
  });

  test('names socket and tombstones of an agent elsewhere', () => {
    expect(JSON.parse(renderConflist({ name: 'x', socket: '/a/s', tombstones: '/a/t' }))).toMatchObject({
      plugins: [{ socket: '/a/s', tombstones: '/a/t' }],
    });
  });

  test('is recognised among others', () => {
    expect(usesOurExecutable(renderConflist(options()))).toBe(true);
    expect(usesOurExecutable('{"type":"hawser-cni"}')).toBe(true);
    expect(['{"plugins":[{"type":"bridge"},null]}', '{', '[]', ''].map(usesOurExecutable)).toEqual([false, false, false, false]);
  });
});

describe.skipIf(!built)('an installation (needs the built package)', () => {
  test('puts an executable and a configuration in place, with nothing beside them', async () => {
    const installed = await installCni(options());
    expect(installed).toMatchObject({
      executable: join(binDir, 'hawser-cni'),
      conflist: join(confDir, '05-hawser.conflist'),
      changed: true,
    });
    accessSync(join(binDir, 'hawser-cni'), constants.X_OK);
    expect(statSync(join(binDir, 'hawser-cni')).mode & 0o777).toBe(0o755);
    expect([...readdirSync(binDir), ...readdirSync(confDir)]).toEqual(['hawser-cni', '05-hawser.conflist']);
  });

  test('that is repeated changes nothing, not even a date', async () => {
    await installCni(options());
    const stamp = () =>
      [join(binDir, 'hawser-cni'), join(confDir, '05-hawser.conflist')].map((path) => statSync(path, { bigint: true }).mtimeNs);
    const before = stamp();
    expect(await installCni(options())).toMatchObject({ changed: false });
    expect(stamp()).toEqual(before);
  });

  test('replaces an executable that runs by another file, not by writing into it', async () => {
    mkdirSync(binDir, { recursive: true });
    writeFileSync(join(binDir, 'hawser-cni'), 'old');
    const before = statSync(join(binDir, 'hawser-cni')).ino;
    await installCni({ ...options(), confDir: undefined });
    expect(statSync(join(binDir, 'hawser-cni')).ino).not.toBe(before);
    expect(existsSync(confDir)).toBe(false);
  });

  test('takes over an older configuration of ours, and refuses what is not', async () => {
    mkdirSync(confDir, { recursive: true });
    const path = join(confDir, '05-hawser.conflist');
    writeFileSync(path, '{"name":"hawser","plugins":[{"type":"hawser-cni"}]}');
    await installCni(options());
    expect(readFileSync(path, 'utf8')).toBe(renderConflist(options()));
    writeFileSync(path, '{"name":"other","plugins":[{"type":"bridge"}]}');
    await expect(installCni(options())).rejects.toSatisfy(cniErrors.foreignConflist.is);
    await expect(uninstallCni(options())).rejects.toSatisfy(cniErrors.foreignConflist.is);
    expect(readFileSync(path, 'utf8')).toContain('bridge');
  });

  test('into an impossible folder fails with its cause and leaves nothing half', async () => {
    writeFileSync(join(folder, 'file'), '');
    const failed = await installCni({ ...options(), confDir: join(folder, 'file') }).catch((error: unknown) => error);
    expect(cniErrors.installFailed.is(failed)).toBe(true);
    expect(failed).toHaveProperty('cause');
    expect(failed).toHaveProperty('message', expect.stringMatching(/^the installation failed: ENOTDIR: .*file/));
  });

  test('into a folder where nothing can ever be made fails at once', async () => {
    const failed = await installCni({ ...options(), binDir: '/proc/hwt/bin' }).catch((error: unknown) => error);
    expect(cniErrors.installFailed.is(failed)).toBe(true);
    expect(failed).toHaveProperty('message', expect.stringContaining('/proc/hwt'));
  });

  test('under a name that would leave the folder is refused', async () => {
    await expect(installCni({ ...options(), name: '../x' })).rejects.toSatisfy(cniErrors.invalidName.is);
    await expect(uninstallCni({ ...options(), name: '../x' })).rejects.toSatisfy(cniErrors.invalidName.is);
  });
});

describe.skipIf(!built)('a removal (needs the built package)', () => {
  test('takes the configuration and the executable, and may be repeated', async () => {
    await installCni(options());
    expect(await uninstallCni(options())).toEqual([join(confDir, '05-hawser.conflist'), join(binDir, 'hawser-cni')]);
    expect(await uninstallCni(options())).toEqual([]);
  });

  test('leaves the executable while another configuration calls it', async () => {
    await installCni(options());
    await installCni({ ...options(), name: 'second' });
    expect(await uninstallCni(options())).toEqual([join(confDir, '05-hawser.conflist')]);
    expect(await uninstallCni({ ...options(), name: 'second' })).toEqual([join(confDir, '05-second.conflist'), join(binDir, 'hawser-cni')]);
  });
});

test('the script names the Node.js that it was installed with', () => {
  expect(withInterpreter('#!/usr/bin/env node\ncode\n', '/opt/node')).toBe('#!/opt/node\ncode\n');
  expect(withInterpreter('code\n', '/opt/$&/node')).toBe('#!/opt/$&/node\ncode\n');
});

test('a program that was compiled for another machine is not installed', () => {
  const header = (machine: number, order: 1 | 2) => {
    const bytes = Buffer.alloc(64);
    bytes.write('\x7fELF', 'latin1');
    bytes[5] = order;
    if (order === 1) bytes.writeUInt16LE(machine, 18);
    else bytes.writeUInt16BE(machine, 18);
    return bytes;
  };
  expect([runsOn(header(62, 1), 'x64'), runsOn(header(183, 1), 'arm64'), runsOn(header(22, 2), 's390x')]).toEqual([true, true, true]);
  expect([runsOn(header(62, 1), 'arm64'), runsOn(header(22, 1), 'x64'), runsOn(header(62, 1), 'mips')]).toEqual([false, false, false]);
  expect([runsOn(Buffer.from('#!/bin/sh\nexit 0 # padded'), 'x64'), runsOn(Buffer.alloc(3), 'x64')]).toEqual([false, false]);
});
