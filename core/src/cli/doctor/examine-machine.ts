import type { AgentConfig } from '../../config/index.ts';
import { toHawserError } from '../../errors/index.ts';
import type { Assembly } from '../assembly.ts';
import type { GlobalOptions } from '../command.ts';
import { readConfig } from '../read-config.ts';
import { checkAgent } from './agent.ts';
import { fail, type Finding, ok, skip, warn } from './finding.ts';
import { checkFolders } from './folders.ts';
import { checkClock, checkNode } from './machine.ts';
import { checkConflist, checkCri } from './neighbours.ts';
import { checkPlugins } from './plugins.ts';
import { checkStore } from './store.ts';

/** Everything that an agent needs of this machine, most basic first. Changes nothing; needs no privileges. */
export async function examineMachine(assembly: Assembly, global: GlobalOptions, signal: AbortSignal): Promise<readonly Finding[]> {
  const findings: Finding[] = [checkNode()];
  const config = await readConfig(assembly, global).then(
    (read) => {
      findings.push(
        ok('config', read.files.length === 0 ? 'there is no config file; the defaults hold' : `valid (${read.files.join(', ')})`),
        ...read.warnings.map(({ file, line, key, message, remedy }) =>
          warn('config', `${key} ${message} (${file}${line === undefined ? '' : `:${line}`})`, remedy),
        ),
      );
      return read;
    },
    (error: unknown) => {
      const { message, remedy } = toHawserError(error);
      findings.push(fail('config', message, remedy));
      return undefined;
    },
  );
  const others = await Promise.all([
    withConfig(config, 'folders', checkFolders),
    withConfig(config, 'agent', () => checkAgent(global.socket, signal)),
    withConfig(config, 'store', checkStore),
    withConfig(config, 'plugins', (read) => checkPlugins(read, signal)),
    checkConflist(),
    checkClock(),
    checkCri(),
  ]);
  return [...findings, ...others.flat()];
}

/** Checks that only a valid config can say the subject of. One that throws has failed. */
async function withConfig(
  config: AgentConfig | undefined,
  check: string,
  look: (config: AgentConfig) => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  if (config === undefined) return [skip(check, 'the config is not valid')];
  try {
    return await look(config);
  } catch (error) {
    const { message, remedy } = toHawserError(error);
    return [fail(check, message, remedy)];
  }
}
