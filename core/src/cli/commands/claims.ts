import type { Claim } from '../../claims/claims.ts';
import type { CommandSpec } from '../command.ts';
import type { Listing } from '../view.ts';
import { FILTERS, listPages, PAGES } from './list-pages.ts';
import { SUMMARIES } from './summaries.ts';

const LISTING: Listing<Claim> = {
  columns: [
    ['TYPE', (claim) => claim.type],
    ['KEY', (claim) => claim.key],
    ['STATE', (claim) => claim.state],
    ['HOLDER', ({ holder }) => (holder === undefined ? undefined : `${holder.containerId}/${holder.ifname}`)],
    ['SINCE', (claim) => claim.since],
  ],
  wide: [['DATA', (claim) => JSON.stringify(claim.data)]],
};

export const claimsCommand: CommandSpec = {
  name: 'claims',
  summary: SUMMARIES.claims,
  commands: [
    {
      name: 'ls',
      summary: 'List claims with their holders.',
      arguments: [FILTERS],
      options: PAGES,
      examples: [
        ['hawser claims ls state==cooling', 'addresses that nobody may have yet'],
        ["hawser claims ls 'key~=^10\\.88\\.'", 'addresses of one range'],
      ],
      run: (invocation) => listPages(invocation, LISTING, invocation.client.claims, (claim) => claim),
    },
  ],
};
