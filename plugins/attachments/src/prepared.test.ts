import { type ClaimRequest, networkErrors } from '@hawser/core/network';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { call, type Fixture, openFixture, request } from './testing/fixture.ts';

/** A claim whose address is proposed first; what others hold is refused, and the next one proposed. */
class Proposed implements ClaimRequest {
  readonly type = 'address';
  readonly proposals: string[] = [];
  #next = 1;
  readonly #fixture: Fixture;

  constructor(fixture: Fixture) {
    this.#fixture = fixture;
  }

  async prepare(): Promise<void> {
    this.proposals.push(`10.0.0.${this.#next++}`);
  }

  take: ClaimRequest['take'] = (tx, { holder, lease }) => {
    const { claims } = this.#fixture.core;
    const key = this.proposals.at(-1) ?? '';
    if (!claims.isFree(tx, 'address', key)) throw networkErrors.proposalRefused(`${key} is not free`);
    return [claims.take(tx, { type: 'address', key, holder, lease, data: {} })];
  };
}

describe('what has to be prepared', () => {
  let fixture: Fixture;
  let proposed: Proposed;
  beforeEach(async () => {
    fixture = await openFixture();
    for (const name of ['a', 'b']) fixture.host.namespaces.set(`/ns/${name}`, `inode-${name}`);
    proposed = new Proposed(fixture);
    fixture.mode.claims = () => [proposed];
  });
  afterEach(() => fixture[Symbol.asyncDispose]());

  const held = () => fixture.claims().map(({ key }) => key);

  test('is prepared before the transaction', async () => {
    await fixture.engine.attach(request('a'), call());
    expect(held()).toEqual(['10.0.0.1']);
  });

  test('is prepared again when the ledger refuses it, and nothing of the first try is left', async () => {
    await fixture.engine.attach(request('a'), call());
    proposed = new Proposed(fixture);
    await fixture.engine.attach(request('b'), call());
    expect([proposed.proposals, held()]).toEqual([
      ['10.0.0.1', '10.0.0.2'],
      ['10.0.0.1', '10.0.0.2'],
    ]);
    expect(fixture.core.metadata.read('state', (tx) => Array.from(fixture.core.leases.list(tx)))).toEqual([]);
  });

  test('is refused for good after a few rounds', async () => {
    let rounds = 0;
    proposed.take = () => {
      rounds++;
      throw networkErrors.proposalRefused('it is not free');
    };
    await expect(fixture.engine.attach(request('a'), call())).rejects.toMatchObject({ code: 'network.proposal_refused' });
    expect([rounds, fixture.engine.list(), held()]).toEqual([8, [], []]);
  });

  test('is not tried again after any other failure', async () => {
    let rounds = 0;
    proposed.take = () => {
      rounds++;
      throw new Error('the ledger is on fire');
    };
    await expect(fixture.engine.attach(request('a'), call())).rejects.toThrow('the ledger is on fire');
    expect(rounds).toBe(1);
  });

  test('holds up nobody who has gone, also when it hangs', async () => {
    const client = new AbortController();
    proposed.prepare = () => {
      client.abort(new Error('the client has gone'));
      return new Promise(() => {});
    };
    await expect(fixture.engine.attach(request('a'), call(client.signal))).rejects.toThrow('the client has gone');
    expect([fixture.engine.list(), held()]).toEqual([[], []]);
  });

  test('may be the settings, which are then on the books', async () => {
    fixture.mode.settings = async () => ({ from: 'afar' });
    await fixture.engine.attach(request('a'), call());
    expect(fixture.engine.get({ containerId: 'a', ifname: 'eth0' })?.settings).toEqual({ from: 'afar' });
  });

  test('may be settings that hang', async () => {
    const client = new AbortController();
    fixture.mode.settings = () => {
      client.abort(new Error('the client has gone'));
      return new Promise(() => {});
    };
    await expect(fixture.engine.attach(request('a'), call(client.signal))).rejects.toThrow('the client has gone');
  });
});
