import { defineErrors } from '../errors/index.ts';

/** The claims' part of the error catalogue. */
export const claimErrors = defineErrors('claims', {
  alreadyHeld: { kind: 'AlreadyExists', remedy: 'Take another one, or detach its holder first.' },
  cooling: { kind: 'Unavailable', remedy: 'Take another one, or wait until its cooldown is over.' },
  noLease: {
    kind: 'InvalidArgument',
    remedy: 'This is a defect of a plugin: take claims under a lease, which keeps them until something stands on them.',
  },
  invalidType: { kind: 'InvalidArgument', remedy: 'This is a defect of a plugin: name types like `[a-z][a-z0-9-]*`.' },
});
