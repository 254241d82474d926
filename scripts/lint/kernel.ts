import { placeOf } from './place.ts';
import { eachImport, type Rule } from './rule.ts';

/** Who may start processes: nft has no other door, commands and test tools run programs for people. */
const PROCESSES = /^(plugins\/host\/linux\/src\/nft(\/.+|[^/]*)|core\/src\/(cli|testing)\/.+|examples\/.+)$/;
/** Who may call the C library: the host, and core for what Node.js lacks: a lock on a folder, a datagram to systemd, who is at the other end of a socket, and the C library's own memory. */
const FOREIGN =
  /^(plugins\/host\/linux\/src\/.+|core\/src\/metadata\/folder-lock\.ts|core\/src\/agent\/(service-manager|trim-memory)\.ts|core\/src\/api\/peer\.ts)$/;

/** The kernel is reached through `Host` alone: no processes and no foreign calls anywhere else. */
export const kernel: Rule = {
  create(context) {
    const place = placeOf(context.filename);
    if (place === undefined || place.test) return {};
    const file = `${place.pkg}/src/${place.path}`;
    return eachImport((specifier, node) => {
      if (/^(node:)?(child_process|cluster)$/.test(specifier) && !PROCESSES.test(file))
        context.report({
          node,
          message: `no processes here: reach links, addresses, routes and packet filtering through Host (@hawser/core/contracts). Only plugins/host/linux/src/nft*.ts, core/src/cli, core/src/testing and assemblies start programs.`,
        });
      if (specifier === 'koffi' && !FOREIGN.test(file))
        context.report({
          node,
          message: `no foreign functions here: add what is missing to Host (core/src/network/host.ts) and to both of its implementations.`,
        });
    });
  },
};
