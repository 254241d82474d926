export { type TestContext, type TestContextOptions, testContext } from './context.ts';
export { type HeldClock, heldClock } from './held-clock.ts';
export { seededRandom } from './seeded-random.ts';
