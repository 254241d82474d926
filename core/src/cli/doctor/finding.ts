import type { Finding } from '../../plugin/finding.ts';

export type { Finding };

export const ok = (check: string, found: string): Finding => ({ check, status: 'ok', found });
export const warn = (check: string, found: string, remedy: string): Finding => ({ check, status: 'warn', found, remedy });
export const fail = (check: string, found: string, remedy: string): Finding => ({ check, status: 'fail', found, remedy });
export const skip = (check: string, found: string): Finding => ({ check, status: 'skip', found });
