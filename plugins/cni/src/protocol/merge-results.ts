import type { AttachedIp, AttachmentResult } from '@hawser/core/network';

/**
 * What a chain has made so far with our part added: the previous plugins' come first and stay as they are, the
 * indexes of our addresses move on. What both have is there once; a mode that says nothing of DNS leaves theirs.
 */
export function mergeResults(previous: AttachmentResult | undefined, own: AttachmentResult): AttachmentResult {
  if (previous === undefined) return own;
  const interfaces = [...previous.interfaces];
  const position = own.interfaces.map((made) => {
    const at = interfaces.findIndex((known) => known.name === made.name && known.sandbox === made.sandbox);
    return at >= 0 ? at : interfaces.push(made) - 1;
  });
  const moved = own.ips.map((ip): AttachedIp => {
    const { interface: index, ...rest } = ip;
    const at = index === undefined ? undefined : position[index];
    return at === undefined ? rest : { ...rest, interface: at };
  });
  const dns = own.dns === undefined || Object.keys(own.dns).length === 0 ? previous.dns : own.dns;
  return {
    interfaces,
    ips: distinct([...previous.ips, ...moved], (ip) => `${ip.address} ${ip.interface}`),
    routes: distinct([...previous.routes, ...own.routes], (route) => `${route.dst} ${route.gw} ${route.table} ${route.priority}`),
    ...(dns === undefined ? {} : { dns }),
  };
}

/** The first of each, where it was. */
function distinct<T>(items: readonly T[], identity: (item: T) => string): readonly T[] {
  const first = new Map<string, T>();
  for (const item of items) if (!first.has(identity(item))) first.set(identity(item), item);
  return [...first.values()];
}
