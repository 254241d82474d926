import { defineErrors } from '../errors/index.ts';

/** Errors of registration, start and stop. */
export const pluginErrors = defineErrors('plugin', {
  graphInvalid: { kind: 'FailedPrecondition', remedy: 'Correct the set of plugins or the configuration; nothing has been started.' },
  packageInvalid: { kind: 'FailedPrecondition', remedy: 'Correct what is said of each package, or take it out of `packages`.' },
  requiredFailed: { kind: 'FailedPrecondition', remedy: 'Correct what the plugin names, or take it out of `required`.' },
  bootCancelled: { kind: 'Cancelled', remedy: 'Nothing needs to be done: the boot was told to stop.' },
  stopping: { kind: 'Cancelled', remedy: 'Nothing needs to be done: the plugin was told to stop.' },
  startFailed: {
    kind: 'Internal',
    remedy: 'Look at the cause in the log; if it is no fault of this machine, report it to the author of the plugin.',
  },
  examineDeadline: { kind: 'DeadlineExceeded', remedy: 'Look for what the examination waits for; report it to the author of the plugin.' },
  startDeadline: { kind: 'DeadlineExceeded', remedy: 'Look for what the plugin waits for in the log.' },
  requirementFailed: { kind: 'FailedPrecondition', remedy: 'Correct what the required plugin names.' },
  degraded: {
    kind: 'Unavailable',
    remedy: 'Look at the cause in the log; if it is no fault of this machine, report it to the author of the plugin.',
  },
  invalidWorker: {
    kind: 'InvalidArgument',
    remedy: 'This is a defect of the plugin: give milliseconds, 0 or more of a pause and more than 0 of a deadline.',
  },
  notReleasable: { kind: 'InvalidArgument', remedy: 'This is a defect of the plugin: `use` takes a disposable, `defer` a function.' },
  workerFailed: { kind: 'Internal', remedy: 'Look at the cause in the log; the worker is started again where that can help.' },
  workerDeadline: { kind: 'DeadlineExceeded', remedy: 'Look for what the worker waits for in the log.' },
  releaseFailed: { kind: 'Internal', remedy: 'Look at the cause in the log; something may have been left behind.' },
  stopDeadline: { kind: 'DeadlineExceeded', remedy: 'Look for what the release waits for; something may have been left behind.' },
  reconfigureFailed: { kind: 'Internal', remedy: 'Look at the cause in the log; correct the settings.' },
  reconfigureDeadline: { kind: 'DeadlineExceeded', remedy: 'Look for what the plugin waits for in the log.' },
  reloadFailed: { kind: 'FailedPrecondition', remedy: 'Correct what the plugin names, and reload again.' },
  reloadIncomplete: { kind: 'Internal', remedy: 'Correct what the plugins name and reload again, or restart the agent.' },
  reloadCancelled: { kind: 'Cancelled', remedy: 'Nothing needs to be done: the agent was told to stop.' },
  scopeClosed: { kind: 'FailedPrecondition', remedy: 'Take nothing after the signal has aborted; what was taken has been released.' },
});
