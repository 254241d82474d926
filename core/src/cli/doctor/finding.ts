/** What one check of the machine has found. `skip`: it could not be looked at, or nothing needs it. */
export interface Finding {
  readonly check: string;
  readonly status: 'ok' | 'warn' | 'fail' | 'skip';
  readonly found: string;
  /** What to do about it; absent where nothing has to be done. */
  readonly remedy?: string;
}

export const ok = (check: string, found: string): Finding => ({ check, status: 'ok', found });
export const warn = (check: string, found: string, remedy: string): Finding => ({ check, status: 'warn', found, remedy });
export const fail = (check: string, found: string, remedy: string): Finding => ({ check, status: 'fail', found, remedy });
export const skip = (check: string, found: string): Finding => ({ check, status: 'skip', found });
