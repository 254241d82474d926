import { hostErrors, type Link } from '@hawser/core/network';
import type { LinkIndex } from './link-index.ts';
import * as rtnetlink from './netlink/link.ts';
import type { NetlinkSocket } from './netlink/socket.ts';

/** What is asked of a namespace. */
interface Space {
  readonly socket: NetlinkSocket;
  readonly links: LinkIndex;
}

export function listLinks({ socket }: Pick<Space, 'socket'>): readonly Link[] {
  return socket.dump(rtnetlink.dumpLinks('list links'), rtnetlink.decodeLink);
}

export function getLink({ socket, links }: Space, name: string): Link | undefined {
  if (links.find(name) === undefined) return undefined;
  let found: Link | undefined;
  try {
    socket.request(rtnetlink.getLink(name, `read link '${name}'`), (message) => {
      found ??= rtnetlink.decodeLink(message);
    });
  } catch (error) {
    if (!hostErrors.notFound.is(error)) throw error;
  }
  return found;
}
