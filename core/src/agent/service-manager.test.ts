import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { openServiceManager } from './service-manager.ts';

const RECEIVER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.settimeout(10)
s.bind(sys.argv[1].replace('@', '\\0', 1))
print('bound', flush=True)
print(s.recv(4096).decode(), end='')
`;

function hasPython(): boolean {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('the service manager', () => {
  test('nobody is told where NOTIFY_SOCKET is unset', async () => {
    for (const unset of [undefined, '']) {
      const manager = await openServiceManager(unset);
      expect(() => manager.notify('READY=1')).not.toThrow();
    }
  });

  test.each(['relative', 'vsock:2:1', '@', '/', `/${'x'.repeat(108)}`])('%j is refused', async (address) => {
    await expect(openServiceManager(address)).rejects.toMatchObject({ code: 'agent.notify_failed' });
  });

  test('that nobody listens is an error, not a crash', async () => {
    const manager = await openServiceManager('/nowhere/notify');
    expect(() => manager.notify('READY=1')).toThrow('nobody listens at NOTIFY_SOCKET /nowhere/notify');
  });

  test.for(['path', 'abstract'])('is told at a socket by %s', async (kind, { skip }) => {
    skip(process.platform !== 'linux', 'the protocol is of Linux');
    skip(!hasPython(), 'python3, which stands for the service manager, is not installed');
    const folder = await mkdtemp(join(tmpdir(), 'hwt-notify-'));
    const address = kind === 'path' ? join(folder, 'notify') : `@hwt-${process.pid}-${Date.now()}`;
    const receiver = spawn('python3', ['-c', RECEIVER, address], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(receiver.stdout, 'readable');
    (await openServiceManager(address)).notify('READY=1\nSTATUS=it serves');
    expect(await text(receiver.stdout)).toBe('bound\nREADY=1\nSTATUS=it serves');
    await rm(folder, { recursive: true });
  });
});
