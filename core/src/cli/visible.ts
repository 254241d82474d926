/**
 * Text that a terminal only shows. Names and labels come from whoever may start a pod: control characters in them could move the cursor,
 * clear the screen, or hide what stands beside them. Line ends, tabs and what `Style` paints with stay.
 */
export const visible = (text: string): string => text.replace(CONTROL, (found) => (STAYS.test(found) ? found : shown(found)));

/** The same of what is one line, or a part of one: nobody makes a second line of it. */
export const visibleLine = (text: string): string =>
  visible(text).replace(/[\n\t\u2028\u2029]/gu, (found) => (found < ' ' ? shown(found) : ' '));

/**
 * JSON, or YAML, that a terminal only shows: these characters mean something to it, and stand in quoted texts alone, where they
 * may be told.
 */
export const visibleJson = (text: string): string => text.replace(/[\u007f-\u009f]/g, (found) => `\\u00${hex(found)}`);

/** A control character, with what follows where it begins a colour. */
const CONTROL = /\p{Cc}(?:\[[0-9;]*m)?/gu;
const STAYS = /^(?:[\n\t].*|\p{Cc}\[(?:1|2|22|3[1-3]|39)m)$/su;

const hex = (character: string): string => character.charCodeAt(0).toString(16).padStart(2, '0');

const shown = (found: string): string => `\\x${hex(found)}${found.slice(1)}`;
