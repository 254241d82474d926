import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** Lists at the end of a run which tests were skipped, grouped by reason, so that a skip is never mistaken for a pass. */
export default class SkipReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped = modules.flatMap((module) => [...module.children.allTests('skipped')]);
    if (skipped.length === 0) return;
    const byReason = Map.groupBy(skipped, reason);
    const lines = [...byReason].flatMap(([why, tests]) => [
      `  ${why}`,
      ...tests.map((test) => `    ${test.module.relativeModuleId} · ${test.fullName}`),
    ]);
    process.stdout.write(`\n ${skipped.length} skipped:\n${lines.join('\n')}\n\n`);
  }
}

/** What `skip` was told; else what stands in brackets in the test's name or its suites', where `skipIf` leaves no other room. */
function reason(test: TestCase): string {
  const result = test.result();
  if (result.state === 'skipped' && result.note !== undefined) return result.note;
  const [bracketed] = [...test.fullName.matchAll(/\(([^()]+)\)/g)].toReversed();
  return bracketed?.[1]?.replace(/^skipped: /, '') ?? 'no reason given';
}
