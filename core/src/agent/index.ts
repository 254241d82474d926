export { corePlugins } from './core-plugins.ts';
export { agentErrors } from './errors.ts';
export { createLog, LOG_LEVELS, type LogOptions } from './logging.ts';
export { runAgent, type RunOptions } from './run-agent.ts';
export { type Agent, type AgentOptions, startAgent } from './start-agent.ts';
