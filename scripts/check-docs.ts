/**
 * Holds the README and docs to the code. Of blocks: `ts` is compiled against the built packages, what quotes a file says what it
 * says, `toml` is a config of the reference agent, `sh` names only commands, options and routes that there are, `json` can be
 * read and has the shape that it says. Of the text: links lead to files and headings, names between backticks are the product's.
 */
import { readFileSync } from 'node:fs';
import { commandFaults } from './docs/commands.ts';
import { configFaults } from './docs/configs.ts';
import { jsonFaults } from './docs/json.ts';
import { linkFaults } from './docs/links.ts';
import { nameFaults, namesOfPages } from './docs/names.ts';
import { pages, textOf } from './docs/pages.ts';
import { quoteFaults } from './docs/quotes.ts';
import { openApi, routesOf } from './docs/reference-agent.ts';
import { compileFaults } from './docs/typescript.ts';
import { codeBlocks } from './markdown.ts';

const files = pages();
const blocks = files.flatMap((file) => [...codeBlocks(file)]);
const api = await openApi();
const known = { ...namesOfPages(textOf), routes: routesOf(api) };

const faults = [
  ...compileFaults(blocks),
  ...files.flatMap((file) => [
    ...quoteFaults(file, textOf),
    ...linkFaults(file, textOf),
    ...nameFaults(file, readFileSync(file, 'utf8'), known),
  ]),
  ...blocks.flatMap((block) => [...commandFaults(block, known.routes), ...jsonFaults(block, api)]),
];
for (const block of blocks) faults.push(...(await configFaults(block)));
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
