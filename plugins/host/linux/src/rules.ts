import { type Family, hostErrors, type Rule } from '@hawser/core/network';
import * as rtnetlink from './netlink/rule.ts';
import type { OpenNetns } from './open-netns.ts';

type Space = Pick<OpenNetns, 'socket'>;

export function rules({ socket }: Space, family?: Family): readonly Rule[] {
  const families: readonly Family[] = family === undefined ? [4, 6] : [family];
  return families.flatMap((each) => {
    try {
      return socket.dump(rtnetlink.dumpRules(each, 'list rules'), rtnetlink.decodeRule);
    } catch (error) {
      // Without IPv6 there are no rules of it.
      if (hostErrors.notSupported.is(error) && family === undefined) return [];
      throw error;
    }
  });
}

export function addRule({ socket }: Space, rule: Rule): void {
  socket.request(rtnetlink.addRule(rule, `add the rule with priority ${rule.priority}`));
}

export function deleteRule({ socket }: Space, rule: Rule): void {
  socket.request(rtnetlink.deleteRule(rule, `delete the rule with priority ${rule.priority}`));
}
