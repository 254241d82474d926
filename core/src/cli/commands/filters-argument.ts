import type { ArgumentSpec } from '../command.ts';

/** What every `ls` takes. */
export const FILTERS: ArgumentSpec = {
  name: '[filter...]',
  description: 'field==value, field!=value, field~=regexp or field; a comma means and, another filter means or',
};
