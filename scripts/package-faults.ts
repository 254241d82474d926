import * as z from 'zod';

const Target = z.union([z.string(), z.record(z.string(), z.string())]);
const Manifest = z.object({
  private: z.boolean().default(false),
  bin: Target.default({}),
  exports: z.record(z.string(), Target).default({}),
});

/** For those who have the sources beside what is built. */
const SOURCE = 'hawser:source';
const NOBODYS = /(?:^|\/)\.|\.(?:test|fixture)\.|\.tsbuildinfo$/;

/** What is wrong with a package that has this manifest and packs these files. One that is private is not published. */
export function packageFaults(manifest: unknown, files: readonly string[]): readonly string[] {
  const { private: isPrivate, bin, exports: doors } = Manifest.parse(manifest);
  if (isPrivate) return [];
  const doorTargets = Object.values(doors).flatMap((door) => targets(door));
  return [
    ...['LICENSE', ...targets(bin), ...doorTargets].filter((path) => !isPacked(path, files)).map((path) => `${path} is not packed`),
    ...files.filter((path) => NOBODYS.test(path)).map((path) => `${path} is packed, and nobody has a use for it`),
  ];
}

/** A `*` stands for whatever is there. */
function isPacked(path: string, files: readonly string[]): boolean {
  const [before = '', after] = path.split('*');
  return after === undefined ? files.includes(path) : files.some((file) => file.startsWith(before) && file.endsWith(after));
}

/** Paths without `./`; those of the condition for sources are not meant to be packed. */
function targets(target: z.infer<typeof Target>): readonly string[] {
  if (typeof target === 'string') return [target.replace(/^\.\//, '')];
  return Object.entries(target).flatMap(([condition, path]) => (condition === SOURCE ? [] : targets(path)));
}
