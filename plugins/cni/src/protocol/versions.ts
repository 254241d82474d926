import { CniCode, CniError } from './cni-error.ts';
import type { Verb } from './environment.ts';

/** Every version of the protocol, oldest first. */
export const SUPPORTED_VERSIONS = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const;

export type CniVersion = (typeof SUPPORTED_VERSIONS)[number];

export const NEWEST_VERSION: CniVersion = '1.1.0';

/** The version that introduced a verb; the others are as old as the protocol. */
const INTRODUCED: Partial<Readonly<Record<Verb, CniVersion>>> = { CHECK: '0.4.0', GC: '1.1.0', STATUS: '1.1.0' };

export const isSupported = (text: string): text is CniVersion => (SUPPORTED_VERSIONS as readonly string[]).includes(text);

export const isAtLeast = (version: CniVersion, other: CniVersion): boolean =>
  SUPPORTED_VERSIONS.indexOf(version) >= SUPPORTED_VERSIONS.indexOf(other);

/** The version that a config asks for: matched exactly as text, and 0.1.0 where it is empty or absent. */
export function chooseVersion(text: string): CniVersion {
  const version = text === '' ? '0.1.0' : text;
  if (isSupported(version)) return version;
  throw new CniError(
    CniCode.incompatibleVersion,
    `the cniVersion of the network config is not supported; supported are ${SUPPORTED_VERSIONS.join(', ')}`,
  );
}

/** Throws where the verb did not exist yet in the config's version. */
export function checkVerbVersion(verb: Verb, version: CniVersion): void {
  const introduced = INTRODUCED[verb];
  if (introduced !== undefined && !isAtLeast(version, introduced))
    throw new CniError(CniCode.incompatibleVersion, `${verb} needs cniVersion ${introduced} or later, the network config has ${version}`);
}
