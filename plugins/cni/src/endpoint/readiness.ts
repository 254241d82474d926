import { type Attachments, ipamErrors, type NetworkChoice } from '@hawser/core/network';

/**
 * Throws why pods can't be attached to this network. That no address is left counts only where it is asked for: whoever
 * takes a node for broken because of it, as kubelets do, makes it worse for the pods that have their addresses.
 */
export function assertReady(attachments: Pick<Attachments, 'ready'>, network: NetworkChoice, exhaustedIsUnavailable: boolean): void {
  try {
    attachments.ready(network);
  } catch (error) {
    if (exhaustedIsUnavailable || !ipamErrors.exhausted.is(error)) throw error;
  }
}
