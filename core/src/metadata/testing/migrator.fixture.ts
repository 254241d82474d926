/** Migrates a store and kills itself when the steps have written and nothing is committed: see the test of migrations. */
import { pino } from 'pino';
import { Environment } from '../environment.ts';
import { migrate, MIGRATIONS } from '../migrations.ts';

const [, , folder = '', stage = ''] = process.argv;
const die = (): void => void process.kill(process.pid, 'SIGKILL');
const steps = MIGRATIONS.state.map((step) => ({
  ...step,
  migrate: (tx: Parameters<typeof step.migrate>[0]) => {
    step.migrate(tx);
    if (stage === 'inside') die();
  },
}));
const environment = new Environment(folder, { sync: false });
migrate('state', environment, steps, pino({ level: 'silent' }));
die();
