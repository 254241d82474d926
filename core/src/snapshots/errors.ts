import { defineErrors } from '../errors/index.ts';

/** The snapshots' part of the error catalogue. */
export const snapshotErrors = defineErrors('snapshots', {
  alreadyExists: { kind: 'AlreadyExists', remedy: 'Use another key, or wait until the one that is there has gone.' },
  notFound: { kind: 'NotFound', remedy: 'List what is there with `hawser snapshots ls`.' },
  invalidParent: { kind: 'InvalidArgument', remedy: 'Stand on snapshots of the same store that are committed and not about to go.' },
  invalidType: {
    kind: 'InvalidArgument',
    remedy: 'This is a defect of a plugin: name types like `[a-z][a-z0-9_]*`, and use each in its own store.',
  },
  invalidLabels: { kind: 'InvalidArgument', remedy: 'Use labels of which key and value have at most 4,096 bytes together.' },
  failedPrecondition: { kind: 'FailedPrecondition', remedy: 'Look at its state with `hawser snapshots show`.' },
  closed: { kind: 'Unavailable', remedy: 'Try again when the agent runs; what was under way is undone by then.' },
  hasChildren: { kind: 'FailedPrecondition', remedy: 'Remove what stands on it first.' },
});
