import { defineErrors } from '../errors/index.ts';

/** Errors of the config. */
export const configErrors = defineErrors('config', {
  notFound: { kind: 'NotFound', remedy: 'Name the file with `--config`, or make one with `hawser config default`.' },
  unreadable: { kind: 'PermissionDenied', remedy: 'Check the permissions of the file and of its folders.' },
  packageFailed: { kind: 'FailedPrecondition', remedy: 'Correct what is said of each package, or take it out of `packages`.' },
  unwritable: {
    kind: 'PermissionDenied',
    remedy: 'Run it as the owner of the files; what it printed without `--write` can be put there by hand.',
  },
  changedMeanwhile: { kind: 'Aborted', remedy: 'Nothing was written: run it again.' },
  invalid: { kind: 'InvalidArgument', remedy: 'Correct the configuration; `hawser config check` checks it again.' },
});
