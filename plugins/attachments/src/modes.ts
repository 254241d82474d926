import type { HawserError, Providers } from '@hawser/core';
import { attachmentErrors, type NetworkChoice, type NetworkMode } from '@hawser/core/network';

/** Which mode a request gets: the one its network asks for, else the agent's default, else the only one that is on. */
export function chooseMode(network: NetworkChoice, defaultMode: string | undefined, modes: Providers<NetworkMode>): string {
  const asked = network.mode ?? defaultMode;
  if (asked !== undefined) {
    requireMode(asked, modes);
    return asked;
  }
  const on = modes.ids();
  const [only] = on;
  if (only !== undefined && on.length === 1) return only;
  throw attachmentErrors.unknownMode(`the network '${network.name}' names no mode and the agent has no default; ${listModes(on)}`, {
    remedy: 'Set default_mode in [plugins."hawser.attachments.v1.engine"], or mode in the network configuration.',
    details: { modes: on },
  });
}

/** The mode with this id; an error that lists those that are on where it isn't to be had. */
export function requireMode(id: string, modes: Providers<NetworkMode>): NetworkMode {
  const mode = modes.get(id);
  if (mode) return mode;
  throw notOn(id, modes);
}

/** What keeps networks that name no mode from being attached; undefined where nothing does. */
export function lackOf(defaultMode: string | undefined, modes: Providers<NetworkMode>): HawserError | undefined {
  if (modes.ids().length === 0) return noModes();
  return defaultMode === undefined || modes.get(defaultMode) ? undefined : notOn(defaultMode, modes);
}

function notOn(id: string, modes: Providers<NetworkMode>): HawserError {
  const on = modes.ids();
  return attachmentErrors.unknownMode(`the mode '${id}' ${modes.whyNot(id)}; ${listModes(on)}`, { details: { mode: id, modes: on } });
}

/** What every call is told while no mode serves. */
export const noModes = (): HawserError =>
  attachmentErrors.notReady('no network mode is on', {
    remedy:
      'Give a mode a table in the config and reload it; `hawser plugins ls` shows the modes that there are, and those that have failed.',
  });

const listModes = (on: readonly string[]): string => (on.length === 0 ? 'no mode is on' : `on: ${on.toSorted().join(', ')}`);
