/**
 * Reads an LMDB data file without mapping it: LMDB believes the file, so that a truncated one ends the process with
 * SIGBUS. Layout of format 2 on 64-bit little-endian machines (lmdb's mdb.c: MDB_page_header, MDB_meta, MDB_db, MDB_node):
 *
 * ```
 * page   0 pgno u64 · 8 txnid u64 · 16 pad u16 · 18 flags u16 · 20 lower u16 · 22 upper u16   (overflow: 20 pages u32)
 * meta   page + 24: 0 magic u32 · 4 version u32 · 16 mapsize u64 · 24 free db · 72 main db · 120 last page u64 · 128 txnid u64
 * db     0 pad u32 (page size in the free db) · 4 flags u16 · 6 depth u16 · 32 entries u64 · 40 root u64
 * node   0 lo u16 · 2 hi u16 · 4 flags u16 · 6 key size u16 · 8 key · data   (branch: child = lo | hi << 16 | flags << 32)
 * ```
 */
const PAGE_HEADER = 24;
const NODE_HEADER = 8;
const META_SIZE = 136;
const MAGIC = 0xbeefc0de;
const FORMAT = 2;
const BRANCH = 0x01;
const LEAF = 0x02;
const OVERFLOW = 0x04;
const META = 0x08;
const LEAF2 = 0x20;
/** A page is of one of them; those of fixed size (LEAF2) are of databases that we have none of. */
const KINDS = BRANCH | LEAF | OVERFLOW | META | LEAF2;
const BIG_DATA = 0x01;
const NO_ROOT = 0xffff_ffff_ffff_ffffn;
const MAX_DEPTH = 32;

/** The newest state that a file claims to hold. */
export interface FileMeta {
  readonly pageSize: number;
  readonly transaction: bigint;
  readonly lastPage: number;
  readonly freeRoot: bigint;
  readonly mainRoot: bigint;
  readonly entries: number;
}

/** Bytes of the file; fewer than asked for at its end. */
export type ReadAt = (position: number, length: number) => Buffer;

/** What is wrong with a file, as a clause; undefined: nothing. */
export function findDamage(read: ReadAt, size: number): string | undefined {
  const meta = readMeta(read, size);
  if (typeof meta === 'string') return meta;
  const seen = new Set<number>();
  for (const root of [meta.freeRoot, meta.mainRoot]) {
    const damage = root === NO_ROOT ? undefined : walk({ read, size, meta, seen }, Number(root), 0);
    if (damage !== undefined) return damage;
  }
  return undefined;
}

/** The newer of the two meta pages, or what is wrong with them. LMDB can't open a file of which the first one is bad. */
export function readMeta(read: ReadAt, size: number): FileMeta | string {
  const first = parseMeta(read(0, PAGE_HEADER + META_SIZE));
  if (typeof first === 'string') return first;
  if (size < 2 * first.pageSize) return `it is truncated: ${size} bytes don't hold two meta pages`;
  const second = parseMeta(read(first.pageSize, PAGE_HEADER + META_SIZE));
  if (typeof second === 'string') return `its second meta page is bad: ${second}`;
  return second.transaction > first.transaction ? second : first;
}

function parseMeta(bytes: Buffer): FileMeta | string {
  if (bytes.length < PAGE_HEADER + META_SIZE) return `it is truncated to ${bytes.length} bytes`;
  const meta = bytes.subarray(PAGE_HEADER);
  if ((bytes.readUInt16LE(18) & META) === 0 || meta.readUInt32LE(0) !== MAGIC) return 'it is not an LMDB file';
  if (meta.readUInt32LE(4) !== FORMAT) return `it has format ${meta.readUInt32LE(4)}, not ${FORMAT}`;
  const pageSize = meta.readUInt32LE(24);
  if (pageSize < 256 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0) return `its page size is ${pageSize}`;
  return {
    pageSize,
    freeRoot: meta.readBigUInt64LE(24 + 40),
    mainRoot: meta.readBigUInt64LE(72 + 40),
    entries: Number(meta.readBigUInt64LE(72 + 32)),
    lastPage: Number(meta.readBigUInt64LE(120)),
    transaction: meta.readBigUInt64LE(128),
  };
}

interface Walk {
  readonly read: ReadAt;
  readonly size: number;
  readonly meta: FileMeta;
  readonly seen: Set<number>;
}

/** Follows a tree to its last page: each must lie in the file, say its own number and be met once. */
function walk(state: Walk, page: number, depth: number): string | undefined {
  const { pageSize, lastPage } = state.meta;
  if (page < 2 || page > lastPage) return `page ${page} is outside of the file's ${lastPage + 1} pages`;
  if ((page + 1) * pageSize > state.size) return `it is truncated: page ${page} is missing`;
  if (state.seen.has(page) || depth > MAX_DEPTH) return `page ${page} is referred to twice`;
  state.seen.add(page);
  const bytes = state.read(page * pageSize, pageSize);
  if (bytes.length < pageSize) return `it is truncated: page ${page} is missing`;
  if (bytes.readBigUInt64LE(0) !== BigInt(page)) return `page ${page} holds something else`;
  // LMDB takes a page of a transaction to come for its own, and writes into a map that it may only read.
  if (bytes.readBigUInt64LE(8) > state.meta.transaction) return `page ${page} is of a transaction that never was`;
  const kind = bytes.readUInt16LE(18) & KINDS;
  if (kind === BRANCH) return walkNodes(state, bytes, page, (node) => checkChild(state, bytes, node, page, depth));
  if (kind === LEAF) return walkNodes(state, bytes, page, (node) => checkData(state, bytes, node, page));
  return `page ${page} is of no known kind`;
}

function walkNodes(state: Walk, bytes: Buffer, page: number, visit: (node: number) => string | undefined): string | undefined {
  const [lower, upper] = [bytes.readUInt16LE(20), bytes.readUInt16LE(22)];
  const { pageSize } = state.meta;
  if (lower > upper || upper + PAGE_HEADER > pageSize) return `page ${page} has a bad directory`;
  for (let index = 0; index < lower >> 1; index++) {
    const node = bytes.readUInt16LE(PAGE_HEADER + 2 * index) + PAGE_HEADER;
    if (node + NODE_HEADER > pageSize) return `page ${page} has a bad directory`;
    const damage = visit(node);
    if (damage !== undefined) return damage;
  }
  return undefined;
}

function checkChild(state: Walk, bytes: Buffer, node: number, page: number, depth: number): string | undefined {
  if (node + NODE_HEADER + bytes.readUInt16LE(node + 6) > state.meta.pageSize) return `page ${page} holds a key that ends beyond it`;
  return walk(state, childOf(bytes, node), depth + 1);
}

const childOf = (bytes: Buffer, node: number): number =>
  bytes.readUInt16LE(node) + bytes.readUInt16LE(node + 2) * 2 ** 16 + bytes.readUInt16LE(node + 4) * 2 ** 32;

/** A value on the page must end on it; one on pages of its own must have them. */
function checkData(state: Walk, bytes: Buffer, node: number, page: number): string | undefined {
  const { pageSize } = state.meta;
  const dataSize = bytes.readUInt16LE(node) + bytes.readUInt16LE(node + 2) * 2 ** 16;
  const data = node + NODE_HEADER + bytes.readUInt16LE(node + 6);
  const big = (bytes.readUInt16LE(node + 4) & BIG_DATA) !== 0;
  if (data + (big ? 8 : dataSize) > pageSize) return `page ${page} holds a record that ends beyond it`;
  return big ? checkOverflow(state, Number(bytes.readBigUInt64LE(data)), dataSize) : undefined;
}

function checkOverflow({ read, size, meta, seen }: Walk, page: number, dataSize: number): string | undefined {
  const pages = Math.ceil((PAGE_HEADER + dataSize) / meta.pageSize);
  if (page < 2 || page + pages - 1 > meta.lastPage) return `page ${page} is outside of the file's ${meta.lastPage + 1} pages`;
  if ((page + pages) * meta.pageSize > size) return `it is truncated: page ${page + pages - 1} is missing`;
  if (seen.has(page)) return `page ${page} is referred to twice`;
  seen.add(page);
  const header = read(page * meta.pageSize, PAGE_HEADER);
  if (header.length < PAGE_HEADER || header.readBigUInt64LE(0) !== BigInt(page)) return `page ${page} holds something else`;
  return (header.readUInt16LE(18) & OVERFLOW) === 0 ? `page ${page} is of no known kind` : undefined;
}
