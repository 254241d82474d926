import type { Token } from '@hawser/core';
import type { Agent } from '@hawser/core/agent';

/** A service that the tour's agent must have. */
export function service<T>(agent: Agent, token: Token<T>): T {
  const value = agent.get(token);
  if (value === undefined) throw new Error(`${token.id} does not run`);
  return value;
}
