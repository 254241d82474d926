import type { Assembly } from '../assembly.ts';
import type { CommandSpec } from '../command.ts';

export const dbCommand = (_assembly: Assembly): CommandSpec => ({ name: 'db', summary: 'The store.', commands: [] });
