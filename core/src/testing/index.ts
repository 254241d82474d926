export { type CoreOptions, startCore, type TestCore } from './core.ts';
export { type TestContext, type TestContextOptions, testContext } from './context.ts';
export { type Interference, MemoryBackend } from './memory-backend.ts';
export { type BackendFixture, describeSnapshotterContract, type SnapshotterContractOptions } from './snapshotter-contract.ts';
export { type HeldClock, heldClock } from './held-clock.ts';
export { describeHostContract, type HostContractOptions, type HostFixture } from './host-contract.ts';
export { seededRandom } from '../context/index.ts';
export { describePluginContract, fakePlugin, type PluginContractOptions } from './plugin-contract.ts';
export { type Damage, describeModeContract, type ModeContractOptions, type ModeFixture } from './mode-contract.ts';
