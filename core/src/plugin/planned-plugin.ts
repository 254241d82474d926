import type { AnyPlugin } from './definition.ts';

/** One plugin of the boot. */
export interface PlannedPlugin {
  readonly uri: string;
  readonly plugin: AnyPlugin;
  /** Why it doesn't take part; absent where it does. */
  readonly disabled?: string;
  /** Name in `requires` → URIs that provide it; disabled ones only where no other does, or where all are asked for. */
  readonly providers: ReadonlyMap<string, readonly string[]>;
}
