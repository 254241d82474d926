/**
 * Parts of the docs that a command prints: between `<!-- generated: hawser config docs -->` and `<!-- /generated -->`
 * stands what the reference agent's command says, its headings one level lower, its title left out; `metrics` instead of a command
 * stands for a table of all of its metrics. Fails where one is stale; `--write` brings them up to date, and with them the blocks that quote a file.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { generatedParts, lowered } from './markdown.ts';
import { pages, textOf } from './docs/pages.ts';
import { refreshedQuotes } from './docs/quotes.ts';
import { metricsTable } from './docs/reference-agent.ts';

const HAWSER = 'examples/agent/bin/hawser.js';
const write = process.argv.includes('--write');
const metrics = await metricsTable();

for (const file of pages()) {
  const content = readFileSync(file, 'utf8');
  const fresh = generatedParts(content, (command) => (command === 'metrics' ? metrics : lowered(printed(command))));
  if (write)
    writeChanged(
      file,
      content,
      refreshedQuotes(file, (path) => (path === file ? fresh : textOf(path))),
    );
  else if (fresh !== content) {
    console.error(`${file}: what is generated in it is stale; run \`npm run docs\``);
    process.exitCode = 1;
  }
}

function writeChanged(file: string, content: string, fresh: string): void {
  if (fresh !== content) writeFileSync(file, fresh);
}

function printed(command: string): string {
  const [program, ...args] = command.split(' ');
  if (program !== 'hawser') throw new Error(`only hawser's commands make parts of docs, not ${command}`);
  // A file that isn't there, and no overrides: what is generated is the same on every machine.
  const environment = Object.entries(process.env).filter(([name]) => !name.startsWith('HAWSER_'));
  return execFileSync('node', [HAWSER, ...args], { encoding: 'utf8', timeout: 30_000, env: Object.fromEntries(environment) });
}
