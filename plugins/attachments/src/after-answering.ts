/**
 * Does what nobody waits for in the next turn of the event loop, when the answer is on its way: a line in a log costs
 * as much as a tenth of an attach. What may not be lost by a death in between is journalled, not logged.
 */
export function afterAnswering(work: () => void): void {
  setImmediate(work);
}
