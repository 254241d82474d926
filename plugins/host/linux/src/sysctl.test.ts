import { describe, expect, it } from 'vitest';
import { sysctlPath } from './sysctl.ts';

describe('names of sysctls', () => {
  it('are paths below /proc/sys/net', () => {
    expect(sysctlPath('net.ipv4.ip_forward')).toBe('/proc/sys/net/ipv4/ip_forward');
    expect(sysctlPath('net.ipv4.conf.eth0/100.forwarding')).toBe('/proc/sys/net/ipv4/conf/eth0.100/forwarding');
  });

  it.each(['kernel.hostname', 'net', 'net.', 'net..x', 'net.//.kernel', 'net./.x', 'net.a b', 'net.\0', '/etc/passwd', ''])(
    '%j are refused',
    (name) => {
      expect(() => sysctlPath(name)).toThrow(expect.objectContaining({ code: 'host.invalid' }));
    },
  );
});
