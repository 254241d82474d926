/** Restores a store and kills itself at a point on the way: see the test of restoring. */
import { restoreStore } from '../maintenance.ts';

const [, , folder = '', backup = '', point = ''] = process.argv;
await restoreStore('state', folder, backup, {
  faults: { reach: (reached) => void (reached === point && process.kill(process.pid, 'SIGKILL')) },
});
