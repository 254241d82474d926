/** Fuzzes targets one after the other in a process of its own, which may hang or die: see supervise.ts. */
import { openSync, readFileSync, writeSync } from 'node:fs';
import { runCampaign } from './campaign.ts';
import { readCorpus } from './corpus.ts';
import type { Orders, Report } from './report.ts';
import type { FuzzTarget } from './target.ts';

const orders = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Orders;
const current = openSync(orders.current, 'w');

const tell = (report: Report): void => void process.send?.(report);

function keepCurrent(input: Buffer): void {
  // One write, so that whoever reads it after a death finds a whole one.
  writeSync(current, Buffer.concat([Buffer.from(`${input.length}\n`), input]), 0, undefined, 0);
}

async function fuzz(target: FuzzTarget): Promise<void> {
  const { name } = target;
  tell({ at: 'begun', target: name });
  const reason = target.skip?.();
  if (reason !== undefined) return tell({ at: 'skipped', target: name, reason });
  await using subject = await opened(target);
  if (orders.only !== undefined) {
    const input = Buffer.from(orders.only, 'base64');
    keepCurrent(input);
    await subject.attempt(input);
    return tell({ at: 'ended', target: name, executions: 1, found: [] });
  }
  const { executions, found, failure } = await runCampaign({
    target,
    subject,
    seed: orders.seed,
    until: orders.ms === undefined ? { executions: target.runs } : { ms: orders.ms },
    corpus: readCorpus(target),
    guided: orders.guided,
    trying: keepCurrent,
    progress: (executions, interesting) => tell({ at: 'progress', target: name, executions, interesting }),
  });
  if (failure === undefined) tell({ at: 'ended', target: name, executions, found: found.map((input) => input.toString('base64')) });
  else tell({ at: 'failed', target: name, executions, input: failure.input.toString('base64'), error: failure.error });
}

async function opened(target: FuzzTarget) {
  const subject = await target.open();
  return {
    attempt: (input: Buffer) => subject.attempt(input),
    [Symbol.asyncDispose]: async () => await subject[Symbol.asyncDispose]?.(),
  };
}

const { targets } = (await import(orders.from)) as { readonly targets: readonly FuzzTarget[] };
for (const name of orders.targets) {
  const target = targets.find((one) => one.name === name);
  if (target === undefined) throw new Error(`there is no target ${name}`);
  await fuzz(target);
}
process.disconnect?.();
