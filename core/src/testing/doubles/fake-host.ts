import { hostErrors } from '../../network/errors.ts';
import type { Host, HostFeature, Namespace } from '../../network/host.ts';
import { type HostCall, interceptHost } from './intercepted-host.ts';

/** What a fake host has and answers. */
export interface FakeHostOptions {
  /** Inodes of network namespaces by path; every other path is gone. */
  readonly namespaces?: Readonly<Record<string, string>>;
  /** What the methods of its namespaces do; one that isn't here rejects, and says its name. */
  readonly answers?: Partial<Namespace>;
  readonly features?: readonly HostFeature[];
}

/** A host that does nothing but what a test told it, and knows what was asked of it. */
export interface FakeHost extends Host {
  /** In the order of their beginning. */
  readonly calls: readonly HostCall[];
  /** Inodes by path, to be changed by the test. */
  readonly namespaces: Map<string, string>;
}

/** Of the agent's own namespace. */
const OWN_INODE = '1';

/**
 * For plugins that ask a host for little, and to see what they ask. A mode wants a kernel: that is `openSimulatedHost` of
 * @hawser/host-simulated, which keeps the contract; this one keeps nothing.
 */
export function fakeHost({ namespaces = {}, answers = {}, features = [] }: FakeHostOptions = {}): FakeHost {
  const calls: HostCall[] = [];
  const paths = new Map(Object.entries(namespaces));
  const namespace = (inode: string, path?: string): Namespace => ({
    ...UNANSWERED,
    ...answers,
    id: { device: '4', inode },
    ...(path === undefined ? {} : { path }),
    [Symbol.dispose]: () => undefined,
  });
  const host: FakeHost = {
    kind: 'simulated',
    calls,
    namespaces: paths,
    own: namespace(OWN_INODE),
    supports: (feature) => features.includes(feature),
    missing: (feature) => (features.includes(feature) ? undefined : `the fake host has no ${feature}`),
    openNamespace: async (path) => {
      const inode = paths.get(path);
      if (inode === undefined) throw hostErrors.namespaceGone(`no namespace is at ${path}`);
      return namespace(inode, path);
    },
    createNamespace: async (path) => void paths.set(path, String(paths.size + 2)),
    deleteNamespace: async (path) => void paths.delete(path),
  };
  return interceptHost(host, (call, carryOut) => {
    calls.push(call);
    return carryOut();
  });
}

const unanswered = (method: string) => (): Promise<never> =>
  Promise.reject(new Error(`the fake host was not told what '${method}' answers: give it answers: { ${method}: … }`));

const UNANSWERED: Omit<Namespace, 'id' | 'path' | typeof Symbol.dispose> = {
  links: unanswered('links'),
  link: unanswered('link'),
  isRunning: unanswered('isRunning'),
  revision: unanswered('revision'),
  createVeth: unanswered('createVeth'),
  createBridge: unanswered('createBridge'),
  setLink: unanswered('setLink'),
  configureLink: unanswered('configureLink'),
  deleteLink: unanswered('deleteLink'),
  retireLink: unanswered('retireLink'),
  addresses: unanswered('addresses'),
  addAddress: unanswered('addAddress'),
  deleteAddress: unanswered('deleteAddress'),
  routes: unanswered('routes'),
  replaceRoute: unanswered('replaceRoute'),
  deleteRoute: unanswered('deleteRoute'),
  rules: unanswered('rules'),
  addRule: unanswered('addRule'),
  deleteRule: unanswered('deleteRule'),
  neighbours: unanswered('neighbours'),
  setNeighbour: unanswered('setNeighbour'),
  deleteNeighbour: unanswered('deleteNeighbour'),
  sysctl: unanswered('sysctl'),
  setSysctl: unanswered('setSysctl'),
  masquerade: unanswered('masquerade'),
  unmasquerade: unanswered('unmasquerade'),
  masquerades: unanswered('masquerades'),
  watch: unanswered('watch'),
  ping: unanswered('ping'),
};
