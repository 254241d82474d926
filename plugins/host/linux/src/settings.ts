/** Settings of the host as code passes them. */
export interface LinuxSettings {
  /** How long an answer of the kernel may take. */
  readonly receiveTimeoutMs: number;
  /** Number of the link group whose members are ours to delete. */
  readonly retireGroup: number;
  /** How long retired links wait for more to be deleted with; one alone waits a third of it. */
  readonly gatherMs: number;
  /** Notifications that may wait for a reader. */
  readonly watchCapacity: number;
  /** Name or path of the executable. */
  readonly nftPath: string;
  readonly nftTimeoutMs: number;
  /** Name of our table in family inet; two agents on one machine need two. */
  readonly nftTable: string;
}

/** `haws` in ASCII. */
const RETIRE_GROUP = 0x68617773;

export const defaultSettings: LinuxSettings = {
  receiveTimeoutMs: 2_000,
  retireGroup: RETIRE_GROUP,
  gatherMs: 10,
  watchCapacity: 1_024,
  nftPath: 'nft',
  nftTimeoutMs: 10_000,
  nftTable: 'hawser',
};
