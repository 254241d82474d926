/** Compacts a store and kills itself at a point on the way: see the test of compaction. */
import { compactStore } from '../compaction.ts';

const [, , folder = '', point = ''] = process.argv;
await compactStore('state', folder, { faults: { reach: (reached) => void (reached === point && process.kill(process.pid, 'SIGKILL')) } });
