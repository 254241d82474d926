import type { Assembly } from '../assembly.ts';
import type { CommandSpec, Invocation } from '../command.ts';
import type { Finding } from '../doctor/finding.ts';
import { EXIT } from '../exit-code.ts';
import { paintStatus, styleOf } from '../style.ts';
import { SUMMARIES } from './summaries.ts';

async function examine(assembly: Assembly, { output, global, signal }: Invocation): Promise<number> {
  const { examineMachine } = await import('../doctor/examine-machine.ts');
  const findings = await output.progress('looking at this machine', () => examineMachine(assembly, global, signal));
  const failed = findings.filter((finding) => finding.status === 'fail');
  const style = styleOf(global.color);
  output.result(
    findings.map((finding) => ({ ...finding })),
    {
      columns: ['CHECK', 'STATUS', 'FOUND', 'REMEDY'],
      rows: findings.map(({ check, status, found, remedy }: Finding) => [check, paintStatus(style, status), found, remedy ?? '']),
    },
  );
  return failed.length === 0 ? EXIT.done : EXIT.failed;
}

export const doctorCommand = (assembly: Assembly): CommandSpec => ({
  name: 'doctor',
  summary: SUMMARIES.doctor,
  examples: [['hawser doctor -o json', 'the same for a program']],
  run: (invocation) => examine(assembly, invocation),
});
