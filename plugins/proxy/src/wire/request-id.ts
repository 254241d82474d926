/** Metadata of a call: the agent's request that it is a part of, as the log and the events of the agent have it. */
export const REQUEST_ID = 'x-request-id';
