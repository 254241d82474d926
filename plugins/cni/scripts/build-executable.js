// Compiles native/hawser-cni.c to dist/hawser-cni. Without a compiler dist/hawser-cni.js does the same, 30 ms slower
// a call; that is said in one line and never fails an installation.
import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../native/hawser-cni.c', import.meta.url));
const target = process.argv[2] ?? fileURLToPath(new URL('../dist/hawser-cni', import.meta.url));
const temporary = `${target}.${process.pid}.tmp`;

mkdirSync(new URL('../dist/', import.meta.url), { recursive: true });
const compiled = ['musl-gcc', 'gcc', 'cc', 'clang'].find((compiler) => {
  const result = spawnSync(compiler, ['-std=gnu11', '-static', '-Os', '-s', '-o', temporary, source], { stdio: 'ignore', timeout: 60_000 });
  return result.status === 0;
});

if (compiled === undefined) {
  rmSync(temporary, { force: true });
  rmSync(target, { force: true });
  process.stdout.write(
    'hawser-cni: no C compiler that links statically; the JavaScript executable is used instead (about 30 ms more per call)\n',
  );
} else {
  renameSync(temporary, target);
  process.stdout.write(`hawser-cni: built with ${compiled}\n`);
}
