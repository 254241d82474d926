import { defineErrors } from '../errors/index.ts';

/** Errors of running an agent. */
export const agentErrors = defineErrors('agent', {
  folderFailed: {
    kind: 'PermissionDenied',
    remedy: 'Run as root, or set `root` and `state` in the config to folders that this user owns.',
  },
  folderShared: { kind: 'FailedPrecondition', remedy: 'Set `root` and `state` in the config to two separate folders.' },
  notifyFailed: { kind: 'Unavailable', remedy: 'Check NOTIFY_SOCKET and the unit of the service manager.' },
});
