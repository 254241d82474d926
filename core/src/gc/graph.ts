import { Column } from './column.ts';
import { NameTable } from './name-table.ts';
import type { Pace } from './pace.ts';

/** What is known of a node; the type's number stands above these bits. */
const EXISTS = 1;
const ROOT = 2;
const FLAT_ROOT = 4;
const CONDEMNED = 8;
const LIVE = 16;
const CIRCULAR = 32;
/** Something that exists refers to it, alive or not, by structure or by label. */
const REFERRED = 64;
/** Of a type without a collector: it may be there. */
const UNKNOWN = 128;
const TYPE_SHIFT = 8;

const TO_BY_LABEL = 1;

/**
 * The nodes of one namespace and what they refer to, some 60 bytes a node: made while collectors are read, then marked.
 * Names may be mentioned in any order; a name that no collector has is no node.
 */
export class Graph {
  readonly #names = new NameTable();
  readonly #flags = new Column();
  /** The first edge of a node, the next one of an edge: positions from 1 on. */
  readonly #first = new Column();
  readonly #next = new Column();
  /** The node that an edge leads to, times two; plus one where a label makes it. */
  readonly #target = new Column();
  #edges = 0;
  #nodes = 0;
  #live = 0;
  /** Order in which garbage can go, from 1 on. */
  readonly #rank = new Column();
  readonly #deadTypes = new Set<number>();

  /** Nodes that exist. */
  get nodes(): number {
    return this.#nodes;
  }

  get live(): number {
    return this.#live;
  }

  /** A node that a collector has. */
  node(name: string, type: number, root: boolean): void {
    const node = this.#names.add(name);
    const flags = this.#flags.get(node);
    if ((flags & EXISTS) === 0) this.#nodes++;
    this.#flags.set(node, (flags & ((1 << TYPE_SHIFT) - 1)) | EXISTS | (root ? ROOT : 0) | (type << TYPE_SHIFT));
  }

  /** It lives, whether anything refers to it or not. With `flat` that does not keep what only its labels refer to. */
  keep(name: string, flat: boolean): void {
    this.#add(this.#names.add(name), flat ? FLAT_ROOT : ROOT);
  }

  /** Nobody can tell whether it is there: it lives, with what it refers to. */
  unknown(name: string): void {
    this.#add(this.#names.add(name), ROOT | UNKNOWN);
  }

  condemned(name: string): void {
    this.#add(this.#names.add(name), CONDEMNED);
  }

  refer(from: string, to: string, byLabel: boolean): void {
    const source = this.#names.add(from);
    const target = this.#names.add(to);
    const edge = ++this.#edges;
    this.#target.set(edge, target * 2 + (byLabel ? TO_BY_LABEL : 0));
    this.#next.set(edge, this.#first.get(source));
    this.#first.set(source, edge);
  }

  /** Marks what roots reach: first all the way, then what flat leases keep, which doesn't follow labels. */
  async mark(pace: Pace): Promise<void> {
    await this.#reach(ROOT, true, pace);
    await this.#reach(FLAT_ROOT, false, pace);
    await this.#order(pace);
  }

  /** Numbers of the types that have garbage. */
  get deadTypes(): ReadonlySet<number> {
    return this.#deadTypes;
  }

  /**
   * Where a node stands among the garbage: by rank those go first that nothing refers to; `alone`: nothing that exists
   * refers to it. Undefined where it is none.
   */
  garbage(name: string): { readonly rank: number; readonly circular: boolean; readonly alone: boolean } | undefined {
    const node = this.#names.get(name);
    if (node === undefined || !this.#isDead(node)) return undefined;
    const flags = this.#flags.get(node);
    return { rank: this.#rank.get(node), circular: (flags & CIRCULAR) !== 0, alone: (flags & REFERRED) === 0 };
  }

  #add(node: number, flag: number): void {
    this.#flags.set(node, this.#flags.get(node) | flag);
  }

  /** A condemned node is no root any more. What it refers to stays until it is finished, which a condemnation looks at. */
  async #reach(root: number, byLabel: boolean, pace: Pace): Promise<void> {
    const grey = new Column();
    let waiting = 0;
    for (let node = 0; node < this.#names.size; node++) {
      const flags = this.#flags.get(node);
      if ((flags & root) !== 0 && (flags & (CONDEMNED | LIVE)) === 0) grey.set(waiting++, node);
      while (waiting > 0) {
        const next = grey.get(--waiting);
        if (this.#enliven(next)) waiting = this.#push(grey, waiting, next, byLabel);
        if (pace.isOver()) await pace.rest();
      }
      if (pace.isOver()) await pace.rest();
    }
  }

  #enliven(node: number): boolean {
    const flags = this.#flags.get(node);
    if ((flags & LIVE) !== 0) return false;
    this.#flags.set(node, flags | LIVE);
    if ((flags & EXISTS) !== 0) this.#live++;
    return true;
  }

  #push(grey: Column, waiting: number, node: number, byLabel: boolean): number {
    // What is not there keeps nobody, whatever labels say of it.
    if ((this.#flags.get(node) & (EXISTS | UNKNOWN)) === 0) return waiting;
    let count = waiting;
    for (let edge = this.#first.get(node); edge !== 0; edge = this.#next.get(edge)) {
      const target = this.#target.get(edge);
      if (!byLabel && (target & TO_BY_LABEL) !== 0) continue;
      if ((this.#flags.get(target >> 1) & LIVE) === 0) grey.set(count++, target >> 1);
    }
    return count;
  }

  #isDead(node: number): boolean {
    const flags = this.#flags.get(node);
    return (flags & EXISTS) !== 0 && (flags & (LIVE | CONDEMNED)) === 0;
  }

  /** Takes garbage away that no other garbage refers to, again and again. What is left goes round in circles. */
  async #order(pace: Pace): Promise<void> {
    const referrers = new Column();
    let dead = 0;
    for (let node = 0; node < this.#names.size; node++) {
      if (this.#isDead(node)) {
        dead++;
        this.#deadTypes.add(this.#flags.get(node) >>> TYPE_SHIFT);
        this.#count(referrers, node, 1);
      }
      if (pace.isOver()) await pace.rest();
    }
    if (dead === 0) return;
    await this.#tellReferred(pace);
    const ranked = await this.#rankFree(referrers, pace);
    if (ranked < dead) await this.#tellCircular(pace);
  }

  /** By structure alone: a circle that labels close is none. Returns the nodes to which nothing refers any more. */
  #count(referrers: Column, node: number, change: number): readonly number[] {
    const free: number[] = [];
    for (let edge = this.#first.get(node); edge !== 0; edge = this.#next.get(edge)) {
      const target = this.#target.get(edge) >> 1;
      if ((this.#target.get(edge) & TO_BY_LABEL) !== 0 || target === node || !this.#isDead(target)) continue;
      const count = referrers.get(target) + change;
      referrers.set(target, count);
      if (count === 0) free.push(target);
    }
    return free;
  }

  async #rankFree(referrers: Column, pace: Pace): Promise<number> {
    const free = new Column();
    let count = 0;
    for (let node = 0; node < this.#names.size; node++) {
      if (this.#isDead(node) && referrers.get(node) === 0) free.set(count++, node);
      if (pace.isOver()) await pace.rest();
    }
    for (let at = 0; at < count; at++) {
      const node = free.get(at);
      this.#rank.set(node, at + 1);
      for (const next of this.#count(referrers, node, -1)) free.set(count++, next);
      if (pace.isOver()) await pace.rest();
    }
    return count;
  }

  async #tellReferred(pace: Pace): Promise<void> {
    for (let node = 0; node < this.#names.size; node++) {
      if ((this.#flags.get(node) & EXISTS) !== 0) {
        for (let edge = this.#first.get(node); edge !== 0; edge = this.#next.get(edge)) this.#add(this.#target.get(edge) >> 1, REFERRED);
      }
      if (pace.isOver()) await pace.rest();
    }
  }

  async #tellCircular(pace: Pace): Promise<void> {
    for (let node = 0; node < this.#names.size; node++) {
      if (this.#isDead(node) && this.#rank.get(node) === 0) this.#add(node, CIRCULAR);
      if (pace.isOver()) await pace.rest();
    }
  }
}
