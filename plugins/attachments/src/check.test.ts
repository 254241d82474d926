import type { Attachment, AttachmentResult } from '@hawser/core/network';
import { describe, expect, it } from 'vitest';
import { asSeenBy } from './check.ts';

const made: AttachmentResult = {
  interfaces: [
    { name: 'br0', mac: '0a:00:00:00:00:01' },
    { name: 'eth0', mac: '0a:00:00:00:00:02', mtu: 1500, sandbox: '/ns/a' },
  ],
  ips: [{ address: '10.0.0.2/24', interface: 1 }],
  routes: [],
};
const attachment: Attachment = {
  id: 'id',
  containerId: 'a',
  ifname: 'eth0',
  netns: '/ns/a',
  network: 'n',
  mode: 'bridge',
  settings: {},
  claims: [],
  result: made,
};
const [bridge, eth0] = [
  { name: 'br0', mac: '0a:00:00:00:00:01' },
  { name: 'eth0', sandbox: '/ns/a' },
];
const seen = (...interfaces: AttachmentResult['interfaces']) => asSeenBy(attachment, { ...made, interfaces }).result?.interfaces;

describe('an attachment as its runtime sees it', () => {
  it('has the MAC and the MTU that the end of the chain told', () => {
    expect(seen(bridge, { ...eth0, mac: '02-AA-00-00-00-01', mtu: 1400 })).toEqual([
      bridge,
      { ...eth0, mac: '02:aa:00:00:00:01', mtu: 1400 },
    ]);
  });

  it('has no MTU to compare where the version of the result tells none', () => {
    expect(seen(bridge, { ...eth0, mac: '0a:00:00:00:00:02' })).toEqual([bridge, { ...eth0, mac: '0a:00:00:00:00:02' }]);
  });

  it('is what was made where the runtime says nothing else', () => {
    expect(asSeenBy(attachment, undefined)).toBe(attachment);
    expect(seen()).toEqual(made.interfaces);
    expect(seen({ ...eth0, mac: '', mtu: 1500 })).toEqual(made.interfaces);
    expect(seen({ ...eth0, sandbox: '/ns/b', mac: '02:aa:00:00:00:01' })).toEqual(made.interfaces);
    expect(seen({ name: 'br0', mac: '02:aa:00:00:00:02', mtu: 9000 })).toEqual(made.interfaces);
  });
});
