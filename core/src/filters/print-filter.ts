import type { Filter, Selector } from './filter.ts';

/** The text of a filter in its shortest form: read again, it is the same filter. */
export const printFilter = ({ selectors }: Filter): string => selectors.map(printSelector).join(',');

function printSelector(selector: Selector): string {
  const path = selector.path.map((field) => (WORD.test(field) ? field : quote(field))).join('.');
  switch (selector.operator) {
    case 'present':
      return path;
    case '~=':
      return `${path}~=${valueText(selector.pattern.source, BARE_PATTERN)}`;
    case '==':
    case '!=':
      return `${path}${selector.operator}${valueText(selector.value, BARE_VALUE)}`;
  }
}

const WORD = /^[A-Za-z0-9_]+$/;
/** What begins like an operator would be read as a part of it. */
const BARE_VALUE = /^[^\s,"=!~][^\s,"]*$/;
const BARE_PATTERN = /^[^\s,"=!~/|][^\s,"]*$/;

const valueText = (value: string, bare: RegExp): string => (bare.test(value) ? value : quote(value));

const quote = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
