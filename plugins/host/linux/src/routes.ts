import { type Family, hostErrors, type Route } from '@hawser/core/network';
import { namesIn } from './addresses.ts';
import type { Request } from './netlink/message.ts';
import * as rtnetlink from './netlink/route.ts';
import type { IndexedRoute } from './netlink/route.ts';
import type { OpenNetns } from './open-netns.ts';

type Space = Pick<OpenNetns, 'socket' | 'links'>;

export interface RouteFilter {
  readonly family?: Family;
  readonly table?: number;
  readonly link?: string;
}

export function routes({ socket, links }: Space, { link, ...filter }: RouteFilter): readonly Route[] {
  const indexed = { ...filter, ...(link === undefined ? {} : { link: links.indexOf(link) }) };
  const nameOf = namesIn(links);
  return dumpRoutes(socket, indexed)
    .filter((route) => filter.table === undefined || route.table === filter.table)
    .filter((route) => link === undefined || route.link === indexed.link)
    .flatMap(({ link: index, ...route }) => {
      // The kernel gives IPv6 routes that reject the loopback link, which says nothing.
      if (index === undefined || (route.type ?? 'unicast') !== 'unicast') return [route];
      const name = nameOf(index);
      return name === undefined ? [] : [{ ...route, link: name }];
    });
}

function dumpRoutes(socket: Space['socket'], filter: rtnetlink.RouteFilter): readonly IndexedRoute[] {
  try {
    return socket.dump(rtnetlink.dumpRoutes(filter, 'list routes'), rtnetlink.decodeRoutes).flat();
  } catch (error) {
    // A table exists with its first route.
    if (hostErrors.notFound.is(error)) return [];
    throw error;
  }
}

export function replaceRoute(space: Space, route: Route): void {
  try {
    space.socket.request(newRoute(indexed(space, route)));
  } catch (error) {
    if (!isBesideItself(route, error)) throw error;
  }
}

/** Whether a refusal says that a route is there already beside which the same one was to be. */
export const isBesideItself = (route: Route, refusal: unknown): boolean => route.beside === true && hostErrors.alreadyExists.is(refusal);

/** Throws `host.invalid` for text that is no address. */
export function newRoute(route: IndexedRoute): Request {
  return rtnetlink.replaceRoute(route, `set the route to ${route.dst}`);
}

export function deleteRoute(space: Space, route: Route): void {
  space.socket.request(rtnetlink.deleteRoute(indexed(space, route), `delete the route to ${route.dst}`));
}

function indexed({ links }: Space, { link, ...route }: Route): IndexedRoute {
  return link === undefined ? route : { ...route, link: links.indexOf(link) };
}
