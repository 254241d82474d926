import { stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { type Finding, messageOf, type ProxySettings, untilAborted } from '@hawser/core';
import { proxyErrors } from './errors.ts';

/** Write permission for everybody. */
const OPEN_TO_ALL = 0o002;

/** Whether somebody listens where the process is to be, and who else may connect to him; nothing is said to him. */
export async function examineSocket(id: string, { address }: ProxySettings, signal: AbortSignal): Promise<readonly Finding[]> {
  const check = `process of ${id}`;
  const path = address.slice('unix://'.length);
  try {
    await untilAborted(listens(path), signal);
    const { mode } = await stat(path);
    if ((mode & OPEN_TO_ALL) === 0) return [{ check, status: 'ok', found: `listens at ${address}` }];
    const remedy = `Give ${path} mode 0600: whoever may connect may attach pods.`;
    return [{ check, status: 'warn', found: `listens at ${address}, and everybody may connect`, remedy }];
  } catch (thrown) {
    signal.throwIfAborted();
    return [
      {
        check,
        status: 'fail',
        found: `nobody listens at ${address} (${messageOf(thrown)})`,
        remedy: proxyErrors.unreachable.definition.remedy,
      },
    ];
  }
}

async function listens(path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect(path).once('connect', resolve).once('error', reject);
  try {
    await promise;
  } finally {
    socket.destroy();
  }
}
