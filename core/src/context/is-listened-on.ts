/** Errnos by which the kernel says that nobody is there; any other, such as that of a queue that is full, says the opposite or nothing. */
const DEAD: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOENT', 'ENOTSOCK']);

/** Whether a process listens at the path of a unix socket. What can't be told counts as one: its socket is not ours to take. */
export async function isListenedOn(path: string): Promise<boolean> {
  const { connect } = await import('node:net');
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const probe = connect(path);
  probe.once('connect', () => resolve(true));
  probe.once('error', (error) => resolve(!('code' in error && DEAD.has(error.code))));
  return await promise.finally(() => probe.destroy());
}
