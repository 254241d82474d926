/** Migrates a store and kills itself inside of the transaction, or when it is committed: see the test of migrations. */
import { pino } from 'pino';
import { Environment } from '../environment.ts';
import { migrate, MIGRATIONS } from '../migrations.ts';

const [, , folder = '', stage = ''] = process.argv;
const die = (): void => void process.kill(process.pid, 'SIGKILL');

class Mortal extends Environment {
  override transact<T>(fn: () => T): T {
    return super.transact(() => {
      const result = fn();
      if (stage === 'inside') die();
      return result;
    });
  }
}

migrate('state', new Mortal(folder, { sync: false }), MIGRATIONS.state, pino({ level: 'silent' }));
die();
