import type { Claim } from '../../claims/claims.ts';
import { listArgument } from '../arguments.ts';
import type { CommandSpec } from '../command.ts';
import { list, type Listing } from '../view.ts';
import { FILTERS } from './filters-argument.ts';

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
  summary: 'Resources that attachments hold.',
  commands: [
    {
      name: 'ls',
      summary: 'List claims with their holders.',
      arguments: [FILTERS],
      examples: [
        ['hawser claims ls state==cooling', 'addresses that nobody may have yet'],
        ["hawser claims ls 'key~=^10\\.88\\.'", 'addresses of one range'],
      ],
      run: async (invocation) =>
        list(invocation, LISTING, await invocation.client.claims.list(invocation.signal), listArgument(invocation, 0)),
    },
  ],
};
