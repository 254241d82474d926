import { defineErrors } from '../errors/index.ts';

/** Garbage collection's part of the error catalogue. */
export const gcErrors = defineErrors('gc', {
  collectorFailed: { kind: 'Internal', remedy: 'Nothing was removed; look at the cause, and at the plugin that owns the type.' },
  cleanupTimedOut: {
    kind: 'DeadlineExceeded',
    remedy: 'It is tried again; when it repeats, look at what is slow in the log, or raise cleanup_deadline.',
  },
  invalidReference: { kind: 'InvalidArgument', remedy: 'Name in `gc.ref.<type>` and `gc.bref.<type>` keys without zero bytes.' },
  alreadyRegistered: { kind: 'AlreadyExists', remedy: 'This is a defect of a plugin: register each type once.' },
  invalidType: { kind: 'InvalidArgument', remedy: 'This is a defect of a plugin: name types like `[a-z][a-z0-9_]*`.' },
  unknownType: { kind: 'NotFound', remedy: 'Switch on the plugin that owns the type.' },
  notAbsent: {
    kind: 'NotFound',
    remedy: 'See the types that are missed in `hawser gc status`; one that a plugin collects is not among them.',
  },
  cycle: { kind: 'FailedPrecondition', remedy: 'This is a defect of a plugin: its resources refer to one another in a circle.' },
  stopping: { kind: 'Unavailable', remedy: 'The agent is stopping; what is condemned is cleaned up when it is up again.' },
});
