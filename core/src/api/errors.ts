import { defineErrors } from '../errors/index.ts';

/** Errors of the HTTP API, its socket and its client. */
export const apiErrors = defineErrors('api', {
  noAgent: { kind: 'Unavailable', remedy: 'Start the agent with `hawser run`, or name its socket with --socket.' },
  permissionDenied: { kind: 'PermissionDenied', remedy: 'Run this command as the user that the agent runs as.' },
  badAnswer: { kind: 'Unavailable', remedy: 'Make sure that a Hawser agent of this version listens at the socket.' },
  noAnswer: {
    kind: 'DeadlineExceeded',
    remedy: 'Make sure that a Hawser agent listens at the socket; if one does, look at what is slow in its log.',
  },
  badRequest: { kind: 'InvalidArgument', remedy: 'Correct the request as the message says.' },
  noSuchResource: { kind: 'NotFound', remedy: 'Use one of the paths under /v1.' },
  methodNotAllowed: { kind: 'InvalidArgument', remedy: 'Use one of the methods that the header `allow` of the answer names.' },
  tooLarge: { kind: 'OutOfRange', remedy: 'Send a body of at most 1 MiB.' },
  unsupportedMediaType: { kind: 'InvalidArgument', remedy: 'Send JSON with the content type application/json.' },
  starting: { kind: 'Unavailable', remedy: 'Try again when the agent is ready.' },
  stopping: { kind: 'Unavailable', remedy: 'Try again when the agent has restarted.' },
  serviceUnavailable: { kind: 'Unavailable', remedy: 'See why with `hawser plugins ls`, and correct that.' },
  deadlineExceeded: { kind: 'DeadlineExceeded', remedy: 'Try again; when it repeats, look at what is slow in the log.' },
  busy: { kind: 'ResourceExhausted', remedy: 'Try again in a moment; if it lasts, look for who asks so much.' },
  clientGone: { kind: 'Cancelled', remedy: 'Nothing needs to be done: whoever asked has gone.' },
  socketInUse: { kind: 'AlreadyExists', remedy: 'Stop the other agent, or give this one another `state` folder.' },
  socketFailed: { kind: 'Internal', remedy: 'Check the state folder: its owner, its mode and the length of its path.' },
});
