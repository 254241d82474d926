import { defineErrors } from '@hawser/core';

/** Errors of the endpoint and of the installation. */
export const cniErrors = defineErrors('cni', {
  socketInUse: { kind: 'AlreadyExists', remedy: 'Stop the agent that listens there, or give this one another `state` folder.' },
  socketBlocked: { kind: 'FailedPrecondition', remedy: 'Remove what is there, or give the agent another `state` folder.' },
  socketPath: { kind: 'InvalidArgument', remedy: 'Choose a shorter `state` folder: a unix socket takes 107 bytes.' },
  listenFailed: { kind: 'Unavailable', remedy: 'Look at the cause: the folder must exist and be writable for the agent.' },
  clientGone: { kind: 'Cancelled', remedy: 'Nothing needs to be done: what was begun is undone.' },
  stopping: { kind: 'Unavailable', remedy: 'Try again when the agent has restarted.' },
  agentNotReady: { kind: 'Unavailable', remedy: 'Try again when `hawser plugins ls` shows every plugin ok.' },
  noExecutable: { kind: 'FailedPrecondition', remedy: 'Build the package: `npm run build`.' },
  foreignConflist: { kind: 'FailedPrecondition', remedy: 'Look at the file, and remove it by hand or choose another name.' },
  installFailed: { kind: 'FailedPrecondition', remedy: 'Run it as a user who may write both folders, or name others.' },
  invalidName: { kind: 'InvalidArgument', remedy: 'Begin with a letter or digit and go on with those, dots, dashes and underscores.' },
});
