import { systemContext } from '../../context/index.ts';
import { type Assembly, pluginsOf } from '../assembly.ts';
import type { CommandSpec, Invocation } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { DEFAULT_CONFIG } from '../globals.ts';
import { SUMMARIES } from './summaries.ts';

async function run(assembly: Assembly, { global }: Invocation): Promise<number> {
  const { createLog, runAgent } = await import('../../agent/index.ts');
  const { name, version, onReady, proxies } = assembly;
  const log = await createLog({ level: global.logLevel, pretty: process.stderr.isTTY, color: global.color });
  // State is safe at any point of a death; going on after a defect is not.
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'this is a defect: the agent ends and is to be started again');
    process.exit(EXIT.failed);
  });
  return runAgent({
    name,
    version,
    plugins: await pluginsOf(assembly),
    configFile: global.config,
    configMissingOk: global.config === DEFAULT_CONFIG,
    context: systemContext,
    log,
    ...(onReady === undefined ? {} : { onReady }),
    ...(proxies === undefined ? {} : { proxies }),
    signals: process,
    notifySocket: process.env['NOTIFY_SOCKET'],
    watchdog: { usec: process.env['WATCHDOG_USEC'], pid: process.env['WATCHDOG_PID'] },
    exit: (code) => process.exit(code),
  });
}

export const runCommand = (assembly: Assembly): CommandSpec => ({
  name: 'run',
  summary: SUMMARIES.run,
  examples: [
    ['hawser run', `with ${DEFAULT_CONFIG}, or with the defaults where it isn't there`],
    ['hawser run --config ./config.toml --log-level debug', 'as any user, with folders that the config names'],
  ],
  run: (invocation) => run(assembly, invocation),
});
