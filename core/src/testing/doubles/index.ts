/** What stands in for the real thing in tests, without a test runner: also for processes that a test starts. */
export { countedMetrics } from '../counted.ts';
export { type HeldClock, heldClock } from '../held-clock.ts';
export { type Interference, MemoryBackend } from '../memory-backend.ts';
export { fakeAgentState } from './fake-agent-state.ts';
export { FakeAttachments } from './fake-attachments.ts';
export { type FakeHealth, fakeHealth } from './fake-health.ts';
export { type FakeHost, fakeHost, type FakeHostOptions } from './fake-host.ts';
export { type FakeIpam, fakeIpam, type FakeIpamOptions } from './fake-ipam.ts';
export { FakeMode } from './fake-mode.ts';
export { fakePlugin } from './fake-plugin.ts';
export { failAt, type FailingPoint, faultyHost, faultyStore, withWrite } from './faults.ts';
export { type AroundHostCall, type HostCall, interceptHost } from './intercepted-host.ts';
export { type RecordedEvents, recordedEvents } from './recorded-events.ts';
