import type { AttachmentRequest } from '@hawser/core/network';

export const pathOf = (pod: number): string => `/ns/${pod}`;

/** The pod whose namespace one of these paths leads to. */
export function podOf(paths: readonly string[]): number | undefined {
  const path = paths.find((each) => each.startsWith('/ns/'));
  return path === undefined ? undefined : Number(path.slice('/ns/'.length));
}

export const containerOf = (pod: number): string => `pod-${pod}`;

export const idOf = (pod: number) => ({ containerId: containerOf(pod), ifname: 'eth0', network: 'net' });

export function requestOf(pod: number, staticIps: readonly string[]): AttachmentRequest {
  return {
    containerId: containerOf(pod),
    ifname: 'eth0',
    netns: pathOf(pod),
    network: { name: 'net', settings: {}, capabilities: {} },
    staticIps,
  };
}
