import { defineErrors } from '../errors/index.ts';

/** The namespaces' part of the error catalogue; what there is none of is `metadata.unknown_namespace`. */
export const namespaceErrors = defineErrors('namespaces', {
  alreadyExists: { kind: 'AlreadyExists', remedy: 'Choose another name, or change the labels of the one that is there.' },
  notEmpty: {
    kind: 'FailedPrecondition',
    remedy: 'Delete the leases and let go of the resources that the message names, run `hawser gc run`, and try again.',
  },
  isDefault: { kind: 'FailedPrecondition', remedy: 'Leave it: whoever names no namespace uses this one.' },
  invalidLabels: { kind: 'InvalidArgument', remedy: 'Use labels of which key and value have at most 4,096 bytes together.' },
});
