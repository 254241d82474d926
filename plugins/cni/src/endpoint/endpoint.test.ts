import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { boot, type Kernel, systemContext } from '@hawser/core';
import { Attachments, Host, Paths } from '@hawser/core/contracts';
import { attachmentErrors, ipamErrors } from '@hawser/core/network';
import { describePluginContract, FakeAttachments, fakePlugin } from '@hawser/core/testing';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { buildExecutables, run, start } from '../testing/executables.ts';
import { newHost, OWN_NETNS, recordingLog, until, untilAborted } from '../testing/fakes.ts';
import { EndpointConfig } from './config.ts';
import { CniEndpoint, cniEndpoint } from './endpoint.ts';

const URI = 'hawser.cni.v1.endpoint';
const scriptBuilt = existsSync(new URL('../../dist/hawser-cni.js', import.meta.url));
const built = buildExecutables();
afterAll(() => built.dispose());

let folder: string;
const folders: string[] = [];
const fakes = (attachments: Attachments = new FakeAttachments()) => {
  const paths = { root: join(folder, 'root'), state: join(folder, 'state') };
  for (const each of Object.values(paths)) mkdirSync(each, { recursive: true });
  // The endpoint asks the host for identities of namespaces only.
  return [fakePlugin(Attachments, 'fake', attachments), fakePlugin(Host, 'fake', newHost()), fakePlugin(Paths, 'agent', paths)];
};
const newFolder = () => {
  folder = mkdtempSync(join(tmpdir(), 'hwt-endpoint-'));
  folders.push(folder);
};
afterAll(() => {
  for (const each of folders) rmSync(each, { recursive: true, force: true });
});

describePluginContract(cniEndpoint, {
  module: new URL('../index.ts', import.meta.url),
  requires: () => {
    newFolder();
    return fakes();
  },
});

describe('the endpoint in an agent', () => {
  let attachments: FakeAttachments;
  let kernel: Kernel | undefined;
  let lines: string[];

  beforeEach(() => {
    newFolder();
    attachments = new FakeAttachments();
  });
  afterEach(async () => {
    await kernel?.stop('the test is over');
    kernel = undefined;
  });

  const begin = async (settings: object = {}): Promise<void> => {
    const recording = recordingLog();
    ({ lines } = recording);
    const config = {
      settings: new Map([[URI, EndpointConfig.parse(settings)]]),
      configured: new Set<string>(),
      disabled: new Set<string>(),
      required: new Set([URI]),
    };
    kernel = await boot({ plugins: [...fakes(attachments), cniEndpoint], config, context: systemContext, log: recording.log });
  };
  const config = (cniVersion = '1.0.0') =>
    JSON.stringify({
      cniVersion,
      name: 'net',
      type: 'hawser-cni',
      socket: join(folder, 'state', 'cni.sock'),
      tombstones: join(folder, 'root', 'tombstones'),
    });
  const variables = (CNI_COMMAND: string, more: object = {}) => ({
    CNI_COMMAND,
    CNI_CONTAINERID: 'c1',
    CNI_NETNS: '/run/netns/x',
    CNI_IFNAME: 'eth0',
    CNI_PATH: '/opt/cni/bin',
    ...more,
  });
  const tombstones = () => readdirSync(join(folder, 'root', 'tombstones'));

  test('says where it is, and both places are closed to others', async () => {
    await begin();
    const where = { socket: join(folder, 'state', 'cni.sock'), tombstones: join(folder, 'root', 'tombstones') };
    expect(kernel?.get(CniEndpoint)).toMatchObject(where);
    expect([statSync(where.socket).mode & 0o777, statSync(where.tombstones).mode & 0o777]).toEqual([0o600, 0o700]);
    await kernel?.stop('enough');
    expect(existsSync(where.socket)).toBe(false);
  });

  test('that finds another agent at its socket does not start', async () => {
    await begin();
    const first = kernel;
    await expect(begin()).rejects.toMatchObject({ code: 'plugin.required_failed', message: expect.stringContaining('cni.sock') });
    await first?.stop('enough');
  });

  test.skipIf(!scriptBuilt)(
    'installs itself where its config says so, when it is told that all is ready (needs the built package)',
    async () => {
      await begin({ bin_dir: join(folder, 'bin'), conf_dir: join(folder, 'conf'), network_name: 'n1' });
      expect(existsSync(join(folder, 'conf'))).toBe(false);
      attachments.notReady = attachmentErrors.notReady('no network mode is on');
      await expect(kernel?.get(CniEndpoint)?.installWhenReady()).rejects.toBe(attachments.notReady);
      expect(existsSync(join(folder, 'conf'))).toBe(false);
      attachments.notReady = ipamErrors.exhausted('no address is left'); // pods will go
      await kernel?.get(CniEndpoint)?.installWhenReady();
      expect(JSON.parse(readFileSync(join(folder, 'conf', '05-n1.conflist'), 'utf8'))).toMatchObject({
        name: 'n1',
        plugins: [{ socket: join(folder, 'state', 'cni.sock') }],
      });
    },
  );

  describe.each(built.executables)('called by the executable ($name)', (executable) => {
    beforeEach((context) => context.skip(executable.missing !== undefined, executable.missing));

    test('attaches, checks and detaches', async () => {
      await begin();
      const added = await run(executable, variables('ADD'), config());
      expect(added).toMatchObject({ code: 0, json: { cniVersion: '1.0.0', ips: [{ address: '10.0.0.5/24' }] } });
      const check = JSON.stringify({ ...(JSON.parse(config()) as object), prevResult: added.json });
      expect(await run(executable, variables('CHECK'), check)).toMatchObject({ code: 0, output: '' });
      expect(await run(executable, variables('DEL', { CNI_NETNS: '' }), config())).toMatchObject({ code: 0, output: '' });
      expect(await run(executable, variables('CHECK'), check)).toMatchObject({ code: 3 });
      expect(await run(executable, variables('ADD', { CNI_NETNS: OWN_NETNS }), config())).toMatchObject({ code: 8 });
      expect(await run(executable, variables('STATUS'), config('1.1.0'))).toMatchObject({ code: 0 });
      attachments.notReady = attachmentErrors.notReady('still starting');
      expect(await run(executable, variables('STATUS'), config('1.1.0'))).toMatchObject({ code: 50 });
    });

    test('undoes an ADD whose executable is killed', async () => {
      await begin();
      attachments.beforeAttach = untilAborted;
      const { child, done } = start(executable, variables('ADD'), config());
      await until(() => attachments.calls.length === 1);
      child.kill('SIGKILL');
      await done;
      await until(() => lines.some((line) => line.includes('cni.client_gone')));
      expect(attachments.attached.size).toBe(0);
    });

    test('carries out at its start what was deleted while it was away, before an ADD is served', async () => {
      await begin();
      await run(executable, variables('ADD'), config());
      await kernel?.stop('away');
      expect(await run(executable, variables('DEL'), config())).toMatchObject({ code: 0, output: '' });
      expect(await run(executable, variables('ADD'), config())).toMatchObject({ code: 11 });
      expect([tombstones().length, attachments.attached.size]).toEqual([1, 1]);
      await begin();
      expect([tombstones().length, attachments.attached.size]).toEqual([0, 0]);
      expect(await run(executable, variables('ADD'), config())).toMatchObject({ code: 0 });
      expect(attachments.calls).toEqual(['attach c1/eth0', 'detach c1/eth0', 'attach c1/eth0']);
    });

    test('goes on with what it could not carry out at its start', async () => {
      await begin();
      await run(executable, variables('ADD'), config());
      await kernel?.stop('away');
      await run(executable, variables('DEL'), config());
      let refused = 0;
      attachments.beforeDetach = async () => {
        if (refused++ === 0) throw attachmentErrors.notReady('still starting');
      };
      await begin();
      const status = () => kernel?.reports().find(({ uri }) => uri === URI)?.status;
      expect([tombstones().length, attachments.attached.size, status()]).toEqual([1, 1, 'degraded']);
      await until(() => tombstones().length === 0 && status() === 'ok');
      expect(attachments.attached.size).toBe(0);
    });

    test('loses no call of many at once', async () => {
      await begin();
      const ids = Array.from({ length: 20 }, (_, index) => `p${index}`);
      const added = await Promise.all(ids.map((CNI_CONTAINERID) => run(executable, variables('ADD', { CNI_CONTAINERID }), config())));
      expect(added.map(({ code }) => code)).toEqual(ids.map(() => 0));
      expect(attachments.attached.size).toBe(20);
      const deleted = await Promise.all(ids.map((CNI_CONTAINERID) => run(executable, variables('DEL', { CNI_CONTAINERID }), config())));
      expect(deleted.map(({ code }) => code)).toEqual(ids.map(() => 0));
      expect(attachments.attached.size).toBe(0);
    });
  });
});
