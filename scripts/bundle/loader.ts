/**
 * Loads the modules of a bundle, which are CommonJS: Node.js makes much of each module of the other kind, and gives no way to bring
 * the code that V8 has compiled before. scripts/bundle.ts puts it beside them.
 */
import { openSync, readFileSync, readSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';
import type { Code } from './index-file.ts';

type Exports = Record<string, unknown>;
type Required = (id: string) => unknown;
type Imported = (specifier: string) => Promise<unknown>;
/** What a module is compiled to. */
type Body = (exports: Exports, require: Required, module: { exports: Exports }, filename: string, import$: Imported) => void;

export class Bundle {
  /** What is loaded, by file. */
  readonly modules = new Map<string, { exports: Exports }>();
  /** What has been compiled, by file. */
  readonly scripts = new Map<string, Script>();
  readonly #folder: string;
  readonly #codeOf: (file: string) => Buffer | undefined;
  readonly #outside: Required;
  /** What is of Node.js needs no looking for, which takes several times as long, the more so where there are hooks. */
  readonly #require: Required = (id) =>
    id.startsWith('./') ? this.load(id.slice(2)) : (process.getBuiltinModule(id) ?? this.#outside(id));

  constructor(folder: string, code?: Code) {
    this.#folder = folder;
    this.#codeOf = code === undefined ? () => undefined : openCode(folder, code);
    this.#outside = createRequire(join(folder, 'index.json'));
  }

  /** What the module of a file exports; each is loaded once. */
  load(file: string): Exports {
    const known = this.modules.get(file);
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    this.modules.set(file, module);
    try {
      this.#compile(file)(module.exports, this.#require, module, join(this.#folder, file), imported);
    } catch (error) {
      this.modules.delete(file);
      throw error;
    }
    return module.exports;
  }

  #compile(file: string): Body {
    const filename = join(this.#folder, file);
    const text = `(function (exports, require, module, __filename, import$) { 'use strict'; ${readFileSync(filename, 'utf8')}\n})`;
    const cachedData = this.#codeOf(file);
    const script = new Script(text, { filename, ...(cachedData === undefined ? {} : { cachedData }) });
    this.scripts.set(file, script);
    return script.runInThisContext() as Body;
  }
}

/** Node.js calls `import()` experimental in what is compiled like this; here it is as everywhere, and the folder is the same. */
const imported: Imported = (specifier) => import(specifier);

/**
 * Looks the compiled code up in its file, if that is as it was written: V8 itself only looks whether it has made such code, and for a
 * source of that length.
 */
function openCode(folder: string, { file, mtimeMs, size, places }: Code): (name: string) => Buffer | undefined {
  const path = join(folder, file);
  const now = statSync(path, { throwIfNoEntry: false });
  if (now?.mtimeMs !== mtimeMs || now.size !== size) return () => undefined;
  let opened: number | undefined;
  const placeOf = new Map(places.map(([name, start, length]) => [name, { start, length }]));
  return (name) => {
    const place = placeOf.get(name);
    if (place === undefined) return undefined;
    const code = Buffer.allocUnsafeSlow(place.length);
    try {
      opened ??= openSync(path, 'r');
      return readSync(opened, code, 0, place.length, place.start) === place.length ? code : undefined;
    } catch {
      return undefined; // V8 compiles it anew
    }
  };
}

let bundle: Bundle | undefined;

/** The bundle of this process, in the folder that this lies in. */
export const theBundle = (code?: Code): Bundle => (bundle ??= new Bundle(import.meta.dirname, code));
