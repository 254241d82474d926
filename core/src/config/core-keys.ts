import * as z from 'zod';
import { CONFIG_VERSION } from './core-history.ts';
import { count, path, text } from './fields.ts';
import { proxyTables } from './proxies.ts';

const uris = () => z.array(text()).max(1_000).default([]);

/** A user or group in 32 bits; the highest stands for none. */
const ids = () =>
  z
    .array(count({ max: 0xffff_fffe }))
    .max(64)
    .default([]);

/** The keys of a config file beside the tables of plugins. */
export const coreKeys = z.strictObject({
  version: count({ min: 1, max: 1_000 })
    .default(CONFIG_VERSION)
    .describe('Version of this file’s shape; a newer one than the agent knows is refused.'),
  root: path().default('/var/lib/hawser').describe('Folder of what outlives a reboot.'),
  state: path().default('/run/hawser').describe('Folder of what the kernel forgets in a reboot too; must differ from root.'),
  imports: z
    .array(text({ max: 4_095 }))
    .max(256)
    .default([])
    .describe('Files laid over this one, in order; globs, relative to this file.'),
  unset: z
    .array(text({ max: 4_095 }))
    .max(1_000)
    .default([])
    .describe('Dotted keys whose values in files before this one are dropped, e.g. \'plugins."type.id".key\'.'),
  required: uris().describe('Plugins, as "type.id", without which the agent is not to run.'),
  disabled: uris().describe('Plugins, as "type.id", that are left out.'),
  packages: z
    .array(text({ max: 4_095 }))
    .max(256)
    .default([])
    .describe('Packages whose plugins are loaded beside the assembled ones.'),
  api: z
    .strictObject({
      uids: ids().describe('Users who may do everything through the agent’s socket, beside root and the agent’s own.'),
      gids: ids().describe('Groups whose processes may do everything; a process’s first group counts.'),
      reader_uids: ids().describe('Users who may look and change nothing.'),
    })
    .prefault({})
    .describe('Who may talk to the agent, by what the kernel says of the process that connects.'),
  proxy_plugins: proxyTables.optional().describe('Plugins that other processes provide: [proxy_plugins.name].'),
  plugins: z.record(z.string(), z.looseObject({})).default({}).describe('Settings by plugin: [plugins."type.id"].'),
});

/** The core keys, checked, with defaults. */
export type CoreSettings = z.output<typeof coreKeys>;

/** The keys that each file has for itself: what other files say of them means nothing to it. */
export const fileKeys = coreKeys.pick({ version: true, imports: true, unset: true });
