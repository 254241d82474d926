import { defineErrors } from '../errors/index.ts';

/** What is seen from outside: its part of the error catalogue. */
export const telemetryErrors = defineErrors('telemetry', {
  metricConflict: {
    kind: 'AlreadyExists',
    remedy: 'This is a defect of a plugin: give the metric a name of its own, or ask for it with the same kind and labels.',
  },
  metricInvalid: {
    kind: 'InvalidArgument',
    remedy: 'This is a defect of a plugin: name metrics `hawser_<area>_<what>_<unit>`, counters with `_total` at the end.',
  },
  addressInUse: { kind: 'FailedPrecondition', remedy: 'Choose another address, or stop the program that listens there.' },
  listenFailed: { kind: 'Unavailable', remedy: 'Configure an address of this machine and a port that the agent may open.' },
});
