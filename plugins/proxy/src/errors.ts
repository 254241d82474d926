import { defineErrors } from '@hawser/core';

/** Errors of plugins in other processes. */
export const proxyErrors = defineErrors('proxy', {
  unreachable: { kind: 'Unavailable', remedy: 'Start the process that serves this address; the agent connects by itself.' },
  notServing: { kind: 'Unavailable', remedy: 'Look into the log of the process: by its own word it does not serve.' },
  incompatible: { kind: 'FailedPrecondition', remedy: 'Run a version of the process that serves this contract in a version of the agent.' },
  deadline: {
    kind: 'DeadlineExceeded',
    remedy: 'Look for what the process waits for in its log; `call_deadline` says how long a call may take.',
  },
  badAnswer: { kind: 'Internal', remedy: 'This is a defect of the process at this address: report it to its author.' },
  badRequest: { kind: 'InvalidArgument', remedy: 'This is a defect of the caller: report it to its author.' },
  callFailed: { kind: 'Internal', remedy: 'Look into the log of the process; its author can send a remedy along with the error.' },
  tooLarge: { kind: 'ResourceExhausted', remedy: 'Raise `max_message` where messages of this size are meant.' },
  notPortable: { kind: 'NotImplemented', remedy: 'Claim by proposeClaim() or agentAddresses() what a mode in another process needs.' },
  addressTaken: { kind: 'AlreadyExists', remedy: 'End the process that serves at this socket, or serve at another one.' },
});
