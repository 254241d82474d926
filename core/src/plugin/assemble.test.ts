import { describe, expect, it } from 'vitest';
import { assemble } from './assemble.ts';
import { type AnyPlugin, definePlugin } from './definition.ts';
import { defineToken } from './token.ts';

const Host = defineToken<{ link(): string }>()('hawser.host.v1');
const Ipam = defineToken<{ next(): string }>()('hawser.ipam.v1');
const Mode = defineToken<{ attach(): string }>()('hawser.mode.v1');

const host = definePlugin({ provides: Host, id: 'linux', summary: 'A host.', start: () => ({ link: () => 'eth0' }) });
const range = definePlugin({
  provides: Ipam,
  id: 'range',
  summary: 'Addresses.',
  requires: { host: Host },
  start: ({ host }) => ({ next: () => host.link() }),
});
const mode = definePlugin({
  provides: Mode,
  id: 'bridge',
  summary: 'A mode.',
  requires: { ipam: Ipam.byId('range'), hosts: Host.all(), other: Ipam.optional() },
  start: ({ ipam, hosts, other }) => ({ attach: () => `${ipam.next()} ${hosts.ids().join()} ${other?.next() ?? ''}` }),
});

describe('a static assembly', () => {
  it('is the tuple that it was given, with its types', () => {
    const set = assemble([host, range, mode]);
    const first: typeof host = set[0];
    expect([first.id, set.length]).toEqual(['linux', 3]);
  });

  it('does not compile without a provider', () => {
    // @ts-expect-error plugin 'range' requires 'hawser.host.v1', which no plugin in this set provides
    expect(assemble([range])).toHaveLength(1);
    // @ts-expect-error plugin 'bridge' requires 'hawser.ipam.v1.range', which no plugin in this set provides
    expect(assemble([host, mode])).toHaveLength(2);
  });

  it('names the plugin and the type at the element that misses it', () => {
    type Sentence<T> = T extends (plugins: infer P) => unknown ? P : never;
    const check = (plugins: Sentence<typeof assemble<readonly [typeof range]>>) => plugins;
    const sentences: ReturnType<typeof check> = ["plugin 'range' requires 'hawser.host.v1', which no plugin in this set provides"];
    expect(sentences).toHaveLength(1);
  });

  it('does not compile with a plugin that requires what it provides itself', () => {
    const byType = definePlugin({
      provides: Host,
      id: 'x',
      summary: 'X.',
      requires: { h: Host.optional() },
      start: () => ({ link: () => '' }),
    });
    const byId = definePlugin({ provides: Host, id: 'y', summary: 'Y.', requires: { h: Host.byId('y') }, start: ({ h }) => h });
    const other = definePlugin({ provides: Host, id: 'z', summary: 'Z.', requires: { h: Host.byId('linux') }, start: ({ h }) => h });
    // @ts-expect-error plugin 'x' requires 'hawser.host.v1', which it provides itself
    expect(assemble([byType])).toHaveLength(1);
    // @ts-expect-error plugin 'y' requires 'hawser.host.v1.y', which it provides itself
    expect(assemble([byId])).toHaveLength(1);
    expect(assemble([host, other])).toHaveLength(2);
    type Sentence<T> = T extends (plugins: infer P) => unknown ? P : never;
    const sentences: Sentence<typeof assemble<readonly [typeof byId]>> = [
      "plugin 'y' requires 'hawser.host.v1.y', which it provides itself",
    ];
    expect(sentences).toHaveLength(1);
  });

  it('does not compile with a plugin that is there twice', () => {
    expect(
      assemble([
        // @ts-expect-error plugin 'hawser.host.v1.linux' is in this set twice
        host,
        range,
        // @ts-expect-error plugin 'hawser.host.v1.linux' is in this set twice
        host,
      ]),
    ).toHaveLength(3);
  });

  it('needs no provider for what is optional or asks for all', () => {
    const alone = definePlugin({
      provides: Mode,
      id: 'alone',
      summary: 'Needs nobody.',
      requires: { ipam: Ipam.optional(), hosts: Host.all() },
      start: () => ({ attach: () => '' }),
    });
    expect(assemble([alone])).toHaveLength(1);
  });

  it('leaves sets of unknown length and definitions of unknown type to boot', () => {
    const loaded: readonly AnyPlugin[] = [range];
    expect(assemble(loaded)).toHaveLength(1);
    const unknown: AnyPlugin = host;
    expect(assemble([unknown, range])).toHaveLength(2);
  });
});

describe('a definition', () => {
  it('does not compile when start returns another shape than its token promises', () => {
    // @ts-expect-error link is missing
    definePlugin({ provides: Host, id: 'wrong', summary: 'Wrong.', start: () => ({ other: 1 }) });
  });

  it('does not compile when start uses what it does not require', () => {
    // @ts-expect-error host is not declared
    definePlugin({ provides: Ipam, id: 'undeclared', summary: 'Wrong.', start: ({ host }) => ({ next: () => String(host) }) });
  });
});
