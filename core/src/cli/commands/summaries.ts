/** What a list of commands says of each: those are loaded only when they are named. */
export const SUMMARIES = {
  run: 'Run the agent in the foreground.',
  version: 'Print the versions of the agent, of core, of Node and of every plugin.',
  doctor: 'Examine this machine: one line per check, with a remedy; exit 1 when one fails.',
  plugins: 'Plugins: what this agent consists of and how it does.',
  config: 'The config file: its defaults, its faults, its reference.',
  namespaces: 'Namespaces: rooms of their own for leases, snapshots and what else the stores hold.',
  leases: 'Leases: what protects resources from garbage collection.',
  snapshots: 'Snapshots: the durable state of attachments and claims.',
  claims: 'Resources that attachments hold.',
  attachments: 'Attachments: one interface of one container on one network.',
  events: 'Print what has happened, one line (or JSON object) an event.',
  gc: 'Garbage collection: what nothing keeps alive any more.',
  db: 'The store: its soundness, its size, its backups.',
  errors: 'What an error code means, and what to do about it.',
  completion: "Print a shell's script that completes hawser's commands.",
} as const;
