/**
 * Text that a terminal only shows. Names and labels come from whoever may start a pod, and control characters in them
 * could move the cursor or clear the screen. Line ends, tabs and colours stay.
 */
export const visible = (text: string): string => text.replace(/\p{Cc}(?:\[[0-9;]*m)?/gu, shown);

function shown(found: string): string {
  const [control = '', ...rest] = found;
  const isColour = control === '\u001b' && rest.length > 0;
  if (isColour || control === '\n' || control === '\t') return found;
  return `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}${rest.join('')}`;
}
