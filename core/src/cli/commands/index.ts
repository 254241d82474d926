import type { Assembly, LazyCommand } from '../assembly.ts';
import { SUMMARIES } from './summaries.ts';

/** The commands that every assembly has. */
export const coreCommands = (assembly: Assembly): readonly LazyCommand[] => [
  { name: 'run', summary: SUMMARIES.run, load: async () => (await import('./run.ts')).runCommand(assembly) },
  { name: 'version', summary: SUMMARIES.version, load: async () => (await import('./version.ts')).versionCommand(assembly) },
  { name: 'doctor', summary: SUMMARIES.doctor, load: async () => (await import('./doctor.ts')).doctorCommand(assembly) },
  { name: 'plugins', summary: SUMMARIES.plugins, load: async () => (await import('./plugins.ts')).pluginsCommand(assembly) },
  { name: 'config', summary: SUMMARIES.config, load: async () => (await import('./config.ts')).configCommand(assembly) },
  { name: 'namespaces', summary: SUMMARIES.namespaces, load: async () => (await import('./namespaces.ts')).namespacesCommand },
  { name: 'leases', summary: SUMMARIES.leases, load: async () => (await import('./leases.ts')).leasesCommand },
  { name: 'snapshots', summary: SUMMARIES.snapshots, load: async () => (await import('./snapshots.ts')).snapshotsCommand },
  { name: 'claims', summary: SUMMARIES.claims, load: async () => (await import('./claims.ts')).claimsCommand },
  { name: 'attachments', summary: SUMMARIES.attachments, load: async () => (await import('./attachments.ts')).attachmentsCommand },
  { name: 'events', summary: SUMMARIES.events, load: async () => (await import('./events.ts')).eventsCommand(assembly) },
  { name: 'gc', summary: SUMMARIES.gc, load: async () => (await import('./gc.ts')).gcCommand },
  { name: 'db', summary: SUMMARIES.db, load: async () => (await import('./db.ts')).dbCommand(assembly) },
  { name: 'errors', summary: SUMMARIES.errors, load: async () => (await import('./errors.ts')).errorsCommand(assembly) },
  { name: 'completion', summary: SUMMARIES.completion, load: async () => (await import('./completion.ts')).completionCommand },
];
