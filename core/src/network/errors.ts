import { defineErrors } from '../errors/index.ts';

/** Errors that modes, hosts and address plugins share. */
export const networkErrors = defineErrors('network', {
  invalidConfig: { kind: 'InvalidArgument', remedy: 'Correct this key in the network configuration.' },
  unsupported: { kind: 'NotImplemented', remedy: 'Remove this key from the network configuration, or choose a mode that supports it.' },
  checkFailed: {
    kind: 'FailedPrecondition',
    remedy: 'Recreate the pod; if others are damaged too, find out what changes links on this node.',
  },
  proposalRefused: { kind: 'Conflict', remedy: 'Try again; when it repeats, find out why its provider proposes what others hold.' },
});

/** Errors of the Host contract. */
export const hostErrors = defineErrors('host', {
  notFound: { kind: 'NotFound', remedy: 'Look at the links of this namespace: something else removed it.' },
  namespaceGone: { kind: 'NotFound', remedy: 'Check the path; the container may have ended meanwhile.' },
  alreadyExists: { kind: 'AlreadyExists', remedy: 'Choose another name or remove what has it.' },
  busy: { kind: 'Unavailable', remedy: 'Try again.' },
  full: { kind: 'ResourceExhausted', remedy: 'Delete pods, or use another bridge: Linux gives one 1,023 ports.' },
  permissionDenied: { kind: 'PermissionDenied', remedy: 'Run as root, or with CAP_NET_ADMIN and CAP_SYS_ADMIN.' },
  notSupported: { kind: 'NotImplemented', remedy: 'Use a kernel with this feature, or a mode that does without.' },
  invalid: { kind: 'InvalidArgument', remedy: 'Correct what the kernel names.' },
  unreachable: { kind: 'Unavailable', remedy: 'Check routes and neighbours on both sides.' },
  kernel: { kind: 'Internal', remedy: 'Look at the kernel log.' },
});

/** Errors of address plugins. */
export const ipamErrors = defineErrors('ipam', {
  exhausted: { kind: 'ResourceExhausted', remedy: 'Add a range to the configuration, or delete pods.' },
  invalidAddress: { kind: 'InvalidArgument', remedy: 'Ask for an address inside a configured range.' },
  addressInUse: { kind: 'AlreadyExists', remedy: 'Ask for another address, or delete the pod that holds it.' },
});

/** Errors of the attachment engine. */
export const attachmentErrors = defineErrors('attachments', {
  unknownMode: { kind: 'InvalidArgument', remedy: 'Use one of the modes that are on, or switch this one on in the configuration.' },
  notFound: { kind: 'NotFound', remedy: 'List what is there with `hawser attachments ls`.' },
  busy: { kind: 'ResourceExhausted', remedy: 'Try again; raise the limits if this machine can bear more.' },
  notReady: { kind: 'Unavailable', remedy: 'Try again; `hawser plugins ls` shows what is still starting or has failed.' },
  draining: { kind: 'Unavailable', remedy: 'Try again when the agent has restarted.' },
  conflict: { kind: 'AlreadyExists', remedy: 'Detach it first, or use another interface name.' },
  modeFailed: { kind: 'Internal', remedy: 'This is a defect of the mode: the agent’s log has its cause, for the author of the mode.' },
  modeHangs: {
    kind: 'DeadlineExceeded',
    remedy: 'Start the agent again if it does not end by itself, and report it to the author of the mode.',
  },
  badResult: { kind: 'Internal', remedy: 'This is a defect of the mode: report it to its author.' },
});
