import { defineErrors } from '../errors/index.ts';

/** The leases' part of the error catalogue. */
export const leaseErrors = defineErrors('leases', {
  alreadyExists: { kind: 'AlreadyExists', remedy: 'Choose another id, or leave it out to get a random one.' },
  notFound: { kind: 'NotFound', remedy: 'List the leases with `hawser leases ls`; it may have expired.' },
  invalidId: { kind: 'InvalidArgument', remedy: 'Use at most 76 letters and digits, joined by single dots, dashes or underscores.' },
  invalidExpiry: {
    kind: 'InvalidArgument',
    remedy: 'Give a duration of more than 0 milliseconds, or the label `gc.expire`, but not both.',
  },
  invalidLabels: { kind: 'InvalidArgument', remedy: 'Use labels of which key and value have at most 4,096 bytes together.' },
  wrongStore: { kind: 'InvalidArgument', remedy: 'Put it under a lease of the store that it is in.' },
  unknownType: {
    kind: 'InvalidArgument',
    remedy: 'Write it as `hawser snapshots ls` shows it, type and key: this agent keeps nothing of another type.',
  },
  collectionFailed: {
    kind: 'Unavailable',
    remedy: 'Nothing needs to be done for the lease, which is deleted; `hawser gc status` tells what is tried again.',
  },
});
