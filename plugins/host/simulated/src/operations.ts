/** Every call of the Host contract that reaches the kernel, and the deletion of retired links that runs behind it. */
export const OPERATIONS = [
  'openNamespace',
  'createNamespace',
  'deleteNamespace',
  'links',
  'link',
  'createVeth',
  'createBridge',
  'setLink',
  'deleteLink',
  'retireLink',
  'settleRetired',
  'addresses',
  'addAddress',
  'deleteAddress',
  'routes',
  'replaceRoute',
  'deleteRoute',
  'rules',
  'addRule',
  'deleteRule',
  'neighbours',
  'setNeighbour',
  'deleteNeighbour',
  'sysctl',
  'setSysctl',
  'masquerade',
  'unmasquerade',
  'masquerades',
  'watch',
  'ping',
] as const;

export type Operation = (typeof OPERATIONS)[number];

/** Those that change nothing. */
export const READS: ReadonlySet<Operation> = new Set<Operation>([
  'links',
  'link',
  'addresses',
  'routes',
  'rules',
  'neighbours',
  'sysctl',
  'masquerades',
  'watch',
  'ping',
]);
