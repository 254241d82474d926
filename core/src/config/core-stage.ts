import { resolve } from 'node:path';
import type { JsonObject } from '../json.ts';
import type { ConfigFault } from './agent-config.ts';
import { compose } from './compose.ts';
import { type CoreSettings, coreKeys, fileKeys } from './core-keys.ts';
import { checkTable, type PlainFault, placed } from './faults.ts';
import type { FileLayer } from './file-layer.ts';
import type { Layer } from './merge.ts';
import { isInside } from './is-path.ts';
import { unsetFaults } from './unset-faults.ts';

/** The core keys of all layers together. */
export interface CoreStage {
  /** Where a key is at fault its default stands in, so that the search can go on. */
  readonly settings: CoreSettings;
  readonly files: readonly FileLayer[];
  readonly environment: Layer;
  /** All of them laid over each other. */
  readonly layer: Layer;
  readonly faults: readonly ConfigFault[];
}

/** Reads the core keys of the files and, over them, of the environment. */
export function readCore(files: readonly FileLayer[], environment: Layer, main: string | undefined): CoreStage {
  const each = [...files, environment].flatMap(faultsOfItsOwn);
  const { layer } = compose([...files, environment]);
  const { settings, faults } = checkCore(withoutOwn(layer.table));
  const imports = importsOf(files[0]);
  return {
    settings: { ...settings, imports },
    files,
    environment,
    layer,
    faults: [...each, ...faults.map((fault) => placed(fault, layer, main))],
  };
}

function importsOf(file: FileLayer | undefined): CoreSettings['imports'] {
  return fileKeys.shape.imports.safeParse(file?.table['imports']).data ?? [];
}

/** What is wrong in the keys that each file has for itself; once they are laid over each other one would hide another. */
function faultsOfItsOwn(layer: Layer): readonly ConfigFault[] {
  const own = Object.fromEntries(Object.entries(layer.table).filter(([key]) => Object.hasOwn(fileKeys.shape, key)));
  // Telling faults costs more than finding that there are none.
  const faults = fileKeys.safeParse(own).success ? [] : checkTable(fileKeys, own, []).faults;
  return [...faults, ...unsetFaults(layer)].map((fault) => placed(fault, layer, undefined));
}

const withoutOwn = (table: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(table).filter(([key]) => !Object.hasOwn(fileKeys.shape, key)));

function checkCore(table: JsonObject): { readonly settings: CoreSettings; readonly faults: readonly PlainFault[] } {
  const { faults } = checkTable(coreKeys, table, []);
  const wrong = new Set(faults.map(({ path }) => path[0]));
  const sound = Object.entries(table).filter(([key]) => Object.hasOwn(coreKeys.shape, key) && !wrong.has(key));
  const settings = coreKeys.parse(Object.fromEntries(sound));
  const message = notSeparate(settings.root, settings.state);
  return { settings, faults: message === undefined ? faults : [...faults, { path: ['state'], message }] };
}

function notSeparate(root: string, state: string): string | undefined {
  if (resolve(root) === resolve(state)) return `is the same folder as root (${root}); they must differ`;
  if (isInside(root, state)) return `lies in root (${root}); they must be separate`;
  return isInside(state, root) ? `holds root (${root}); they must be separate` : undefined;
}
