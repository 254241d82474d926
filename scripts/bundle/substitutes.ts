import { isAbsolute, relative, sep } from 'node:path';
import type { Plugin } from 'rolldown';

/** These look for files beside themselves that are no modules (binaries, workers, .proto), by ways that only CommonJS has. */
const LEFT_OUT = /^(?:lmdb|koffi|pino-pretty|thread-stream|protobufjs|grpc-health-check|@grpc\/.+)(?:\/|$)/;

/** A file as a module in a folder would import it. */
const seenFrom = (folder: string, file: string): string => relative(folder, file).split(sep).join('/');

/** Leaves packages where they are, and finds them there. */
export const leftOut = (folder: string): Plugin => ({
  name: 'left-out',
  async resolveId(specifier, importer, { kind }) {
    if (!LEFT_OUT.test(specifier)) return null;
    const found = await this.resolve(specifier, importer, { skipSelf: true, kind: kind === 'import-statement' ? 'require-call' : kind });
    return found === null ? null : { id: seenFrom(folder, found.id), external: true };
  },
});

const LATE = '\0late/';

/**
 * Built into Node.js, and asked for by libraries as they are loaded, for what an agent does rarely or never: TLS and HTTP/2 alone take
 * 10 ms and 3 MB, to serve a unix socket with neither.
 */
export const late: Plugin = {
  name: 'late',
  resolveId: (specifier, importer = '') =>
    /^(?:node:)?(?:https|http2|dns)$/.test(specifier) && importer.includes(`${sep}node_modules${sep}`) ? `${LATE}${specifier}` : null,
  load: (id) => {
    if (!id.startsWith(LATE)) return null;
    const builtin = JSON.stringify(id.slice(LATE.length));
    return `module.exports = new Proxy({}, { get: (_, name) => process.getBuiltinModule(${builtin})[name] })`;
  },
};

const TRANSPORT = '\0transport';

/** What writes a log by way of a worker, which finds its files beside itself; the agent writes its log itself. */
export const lateTransport = (folder: string): Plugin => ({
  name: 'late-transport',
  async resolveId(specifier, importer = '') {
    if (importer.startsWith(TRANSPORT)) return { id: specifier, external: true };
    if (!/[/]transport(?:\.js)?$/.test(specifier) || !importer.includes(`${sep}node_modules${sep}pino${sep}`)) return null;
    const found = await this.resolve(specifier, importer, { skipSelf: true });
    return found === null ? null : `${TRANSPORT}${seenFrom(folder, found.id)}`;
  },
  load: (id) =>
    id.startsWith(TRANSPORT) ? `module.exports = (...given) => require(${JSON.stringify(id.slice(TRANSPORT.length))})(...given)` : null,
});

const LOCALE = '\0locale';

/** zod brings its sentences in sixty languages; bin/hawser.js leaves them out where there is no bundle. */
export const withoutLocales: Plugin = {
  name: 'without-locales',
  resolveId: (specifier, importer = '') =>
    /^\.\/[a-z-]+\.js$/i.test(specifier) && specifier !== './en.js' && importer.endsWith('/zod/v4/locales/index.js') ? LOCALE : null,
  load: (id) => (id === LOCALE ? 'export default () => ({})' : null),
};

/** Answers what a module asks about its own place in the file system as if it were still there. */
export const ownPlace = (folder: string): Plugin => ({
  name: 'own-place',
  transform(code, id) {
    if (!isAbsolute(id) || !code.includes('import.meta')) return null;
    const url = `new URL(${JSON.stringify(seenFrom(folder, id))}, process.getBuiltinModule('node:url').pathToFileURL(__filename))`;
    const file = `process.getBuiltinModule('node:url').fileURLToPath(${url})`;
    const answers = new Map([
      ['url', `${url}.href`],
      ['filename', file],
      ['dirname', `process.getBuiltinModule('node:path').dirname(${file})`],
    ]);
    return code.replaceAll(/\bimport\.meta\.(url|filename|dirname)\b/g, (all, asked: string) => answers.get(asked) ?? all);
  },
});

/** Cryptography takes a twentieth of a start, before anybody has called for it: it is loaded by the first call. */
export const lateCryptography: Plugin = {
  name: 'late-cryptography',
  renderChunk: (code) =>
    code.replaceAll(
      /^let (node_crypto[\w$]*) = require\("node:crypto"\);$/gm,
      'const $1 = new Proxy({}, { get: (_, name) => process.getBuiltinModule("node:crypto")[name] });',
    ),
};

/** The loader's `import()`: see there. */
export const givenImport: Plugin = { name: 'given-import', renderChunk: (code) => code.replaceAll(/(?<![\w$.])import\(/g, 'import$(') };

/** Where a module of CommonJS lies. */
export const fromHere: Plugin = { name: 'from-here', transform: (code) => code.replaceAll('import.meta.dirname', '__dirname') };
