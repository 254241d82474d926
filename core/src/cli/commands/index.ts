import type { Assembly } from '../assembly.ts';
import type { CommandSpec } from '../command.ts';
import { attachmentsCommand } from './attachments.ts';
import { claimsCommand } from './claims.ts';
import { completionCommand } from './completion.ts';
import { configCommand } from './config.ts';
import { dbCommand } from './db.ts';
import { doctorCommand } from './doctor.ts';
import { errorsCommand } from './errors.ts';
import { eventsCommand } from './events.ts';
import { gcCommand } from './gc.ts';
import { leasesCommand } from './leases.ts';
import { namespacesCommand } from './namespaces.ts';
import { pluginsCommand } from './plugins.ts';
import { runCommand } from './run.ts';
import { snapshotsCommand } from './snapshots.ts';
import { versionCommand } from './version.ts';

/** The commands that every assembly has. */
export const coreCommands = (assembly: Assembly): readonly CommandSpec[] => [
  runCommand(assembly),
  versionCommand(assembly),
  doctorCommand(assembly),
  pluginsCommand(assembly),
  configCommand(assembly),
  namespacesCommand,
  leasesCommand,
  snapshotsCommand,
  claimsCommand,
  attachmentsCommand,
  eventsCommand(assembly),
  gcCommand,
  dbCommand(assembly),
  errorsCommand(assembly),
  completionCommand,
];
