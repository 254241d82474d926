import { expect, test } from 'vitest';
import { nameFaults, namesOfPages } from './names.ts';

const PAGES: Readonly<Record<string, string>> = {
  'docs/errors.md': '| code | kind |\n|---|---|\n| `leases.not_found` | NotFound |\n',
  'docs/metrics.md': '| metric | |\n|---|---|\n| `hawser_gc_cycles_total` | x |\n| `address` | x |\n',
  'docs/events.md': '| topic | |\n|---|---|\n| `/leases/created` | x |\n| `drop_oldest` | x |\n',
  'docs/config.md': '### `hawser.mode.v1.bridge`\n',
};
const known = { ...namesOfPages((path) => PAGES[path]), routes: new Set(['GET /v1/leases/{}', 'POST /v1/leases']) };

const faults = (content: string) => nameFaults('p.md', content, known);

test('names that there are, and what only looks like names, are no faults', () => {
  const page = [
    '`leases.not_found` `hawser_gc_cycles_total{outcome}` `/leases/created` `hawser.mode.v1.bridge`',
    '`GET /v1/leases/<id>` `POST /v1/leases?x=1` `leases.page(tx)` `gc.root` `hawser.mode.v1.acme` `/var/lib` `status.ok`',
    '```',
    '`leases.no_such`',
    '```',
  ];
  expect(faults(page.join('\n'))).toEqual([]);
});

test('each name that there is not is told with its line', () => {
  expect(
    faults('x\n`leases.gone` and `hawser_gc_runs_total`\n`/leases/made` `hawser.mode.v1.bridgd` `PUT /v1/leases` `GET /v1/lease/x`'),
  ).toEqual([
    'p.md:2: there is no error leases.gone',
    'p.md:2: there is no metric hawser_gc_runs_total',
    'p.md:3: there is no topic /leases/made',
    'p.md:3: there is no plugin hawser.mode.v1.bridgd',
    'p.md:3: the API has no PUT /v1/leases',
    'p.md:3: the API has no GET /v1/lease/x',
  ]);
});
