import { defineErrors } from '../errors/index.ts';

/** Errors of running an agent. */
export const agentErrors = defineErrors('agent', {
  folderFailed: {
    kind: 'PermissionDenied',
    remedy: 'Run as root, or set `root` and `state` in the config to folders that this user owns.',
  },
  folderShared: { kind: 'FailedPrecondition', remedy: 'Set `root` and `state` in the config to two separate folders.' },
  noConfigSource: { kind: 'FailedPrecondition', remedy: 'Start the agent with `hawser run --config FILE`.' },
  restartNeeded: {
    kind: 'FailedPrecondition',
    remedy: 'Take the change back, or restart the agent; nothing of the new config is in force.',
  },
  notifyFailed: { kind: 'Unavailable', remedy: 'Check NOTIFY_SOCKET and the unit of the service manager.' },
});
