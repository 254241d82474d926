import { builtins } from './builtins.ts';
import { kernel } from './kernel.ts';
import { layers } from './layers.ts';
import { packages } from './packages.ts';
import { time } from './time.ts';

/** The walls of the architecture as lint rules; each message says what to use instead. */
export default { meta: { name: 'walls' }, rules: { layers, packages, kernel, time, builtins } };
