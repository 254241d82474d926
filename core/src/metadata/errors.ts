import { defineErrors } from '../errors/index.ts';

/** The remedy where a record can't be read: there may be more of them. */
export const CHECK_STORE = 'Stop the agent and run `hawser db check --repair`, which also says what to do about what it can not mend.';

/** The metadata room's part of the error catalogue. */
export const metadataErrors = defineErrors('metadata', {
  wrongStore: { kind: 'InvalidArgument', remedy: 'This is a defect of a plugin: use the collection in a transaction of its own store.' },
  invalidName: {
    kind: 'InvalidArgument',
    remedy: 'This is a defect of a plugin: name collections like `[a-z][a-z0-9_.]*`, at most 64 characters.',
  },
  invalidKey: { kind: 'InvalidArgument', remedy: 'Use a key that is not empty and well-formed Unicode.' },
  invalidNamespace: {
    kind: 'InvalidArgument',
    remedy: 'Name namespaces with at most 76 letters and digits, joined by single dots, dashes or underscores.',
  },
  unknownNamespace: {
    kind: 'NotFound',
    remedy: 'Make it with `hawser namespaces create`, or name one that `hawser namespaces ls` lists.',
  },
  invalidFieldPath: {
    kind: 'InvalidArgument',
    remedy: 'Name fields that can change: `labels`, `labels.<key>`, or another one that the message or the documentation tells.',
  },
  invalidCursor: { kind: 'InvalidArgument', remedy: 'Go on with the `next` of a page of this very listing, or begin without a cursor.' },
  invalidLimit: { kind: 'InvalidArgument', remedy: 'Ask for at least one.' },
  keyTooLong: { kind: 'InvalidArgument', remedy: 'Use a key of at most 1,024 bytes.' },
  valueTooLarge: { kind: 'InvalidArgument', remedy: 'Store at most 1 MiB under one key.' },
  invalidValue: { kind: 'InvalidArgument', remedy: 'This is a defect of a plugin: store values that JSON carries without loss.' },
  transactionEnded: {
    kind: 'FailedPrecondition',
    remedy: 'This is a defect of a plugin: use a transaction only inside the callback that got it.',
  },
  notSynchronous: {
    kind: 'InvalidArgument',
    remedy: 'This is a defect of a plugin: the callback of a transaction must not be asynchronous.',
  },
  diskFull: { kind: 'ResourceExhausted', remedy: 'Free some space on the disk of the folder; nothing was written.' },
  readOnly: { kind: 'FailedPrecondition', remedy: 'Make the folder writable, or move it by `root` or `state` in the config.' },
  closed: { kind: 'Unavailable', remedy: 'The agent is stopping: try again when it is up.' },
  fileLost: {
    kind: 'Unavailable',
    remedy: 'Start the agent again: it goes on from the copy that it has put there. Find out who deletes its folders.',
  },
  commitFailed: { kind: 'Internal', remedy: 'Look at the cause in the log, and check the store with `hawser db check`.' },
  locked: { kind: 'Unavailable', remedy: 'Stop the other agent, or give this one folders of its own by `root` and `state` in the config.' },
  lockFailed: { kind: 'Internal', remedy: 'Put the folder on a disk that works and a file system that knows flock.' },
  openFailed: { kind: 'Internal', remedy: 'Look at the cause, and check the store with `hawser db check`.' },
  damaged: {
    kind: 'DataLoss',
    remedy:
      'Restore a backup with `hawser db restore FILE`; the damaged file stays where it is. For the state store, which seldom has one, drain the node and restart it: each boot begins with a new one.',
  },
  schemaNewer: {
    kind: 'FailedPrecondition',
    remedy: 'Start the version of the agent that wrote the store, or restore a backup with `hawser db restore FILE`.',
  },
  schemaOlder: { kind: 'FailedPrecondition', remedy: 'Start the agent once, which migrates the store, and stop it again.' },
  migrationFailed: { kind: 'Internal', remedy: 'The store is unchanged: start the former version, and report the cause.' },
  tooManyViews: { kind: 'ResourceExhausted', remedy: 'This is a defect of a plugin: dispose each view as soon as it is read.' },
  badFolder: { kind: 'InvalidArgument', remedy: 'Name another folder, or move away what is in its way.' },
  notEmpty: { kind: 'FailedPrecondition', remedy: 'Name an empty or a new folder.' },
  notFound: { kind: 'NotFound', remedy: 'Name a folder or file that holds a store.' },
  cancelled: { kind: 'Cancelled', remedy: 'Nothing needs to be done: whoever asked has gone.' },
});
