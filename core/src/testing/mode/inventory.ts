import type { Host, Namespace } from '../../network/host.ts';

/** Everything in a namespace that a mode may leave behind, one line each. Counters, indices and states are left out. */
export async function inventory(namespace: Namespace): Promise<readonly string[]> {
  const links = await namespace.links();
  const addresses = (await namespace.addresses()).filter(({ cidr }) => !cidr.startsWith('fe80:'));
  const routes = (await namespace.routes()).filter(({ dst }) => !/^(fe80:|ff00:)/.test(dst));
  const neighbours = (await namespace.neighbours()).filter(({ state }) => state === 'permanent');
  return [
    ...links.map(({ name, kind }) => `link ${name} (${kind})`),
    ...addresses.map(({ link, cidr }) => `address ${cidr} on ${link}`),
    ...routes.map(({ dst, gateway, link, table }) => `route ${dst} ${gateway ?? ''} ${link ?? ''} ${table ?? 254}`),
    ...(await namespace.rules()).map(
      ({ family, priority, from, to, table }) => `rule ${family} ${priority} ${from ?? ''} ${to ?? ''} ${table}`,
    ),
    ...neighbours.map(({ link, address }) => `neighbour ${address} on ${link}`),
  ].toSorted();
}

/** That of the agent's own namespace, with its masquerading. */
export async function hostInventory(host: Host): Promise<readonly string[]> {
  const masquerades = host.supports('nftables') ? await host.own.masquerades() : [];
  return [...(await inventory(host.own)), ...masquerades.map(({ source, subnet }) => `masquerade ${source} beyond ${subnet}`)].toSorted();
}
