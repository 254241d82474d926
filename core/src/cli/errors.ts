import { defineErrors } from '../errors/index.ts';

/** Errors of the command line. */
export const cliErrors = defineErrors('cli', {
  usage: { kind: 'InvalidArgument', remedy: 'See `hawser --help`.' },
  unknownCommand: { kind: 'InvalidArgument', remedy: 'See `hawser --help` for the commands.' },
  invalidValue: { kind: 'InvalidArgument', remedy: 'Correct this value.' },
  outputFailed: {
    kind: 'Unavailable',
    remedy: 'Make space where the output goes, or send it elsewhere; what is there of it is not whole.',
  },
  checksFailed: { kind: 'FailedPrecondition', remedy: 'Do what the failed lines say.' },
  storeInUse: { kind: 'FailedPrecondition', remedy: 'Stop the agent first.' },
  noSuchError: { kind: 'NotFound', remedy: 'List what there is with `hawser errors ls`.' },
  noSuchSnapshot: { kind: 'NotFound', remedy: 'List what is there with `hawser snapshots ls`.' },
  noSuchAttachment: { kind: 'NotFound', remedy: 'List what is there with `hawser attachments ls`.' },
  noSuchPlugin: { kind: 'NotFound', remedy: 'See what is there with `hawser plugins ls`.' },
});
