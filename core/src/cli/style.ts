import picocolors from 'picocolors';

/** Emphasis in text for people; the identity where colour is off. */
export type Style = Pick<ReturnType<typeof picocolors.createColors>, 'bold' | 'dim' | 'red' | 'green' | 'yellow'>;

export const styleOf = (color: boolean): Style => picocolors.createColors(color);

/** A plugin's or a check's status in its colour. */
export function paintStatus(style: Style, status: string): string {
  if (['failed', 'fail'].includes(status)) return style.red(status);
  if (['degraded', 'warn', 'stopping', 'starting', 'pending'].includes(status)) return style.yellow(status);
  return status === 'ok' ? style.green(status) : style.dim(status);
}
