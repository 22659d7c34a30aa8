import type { ClusterNode } from 'opsbro/sdk';
import { canonical } from './address.ts';
import { type Asked, addressOf, readingsOf, standsAbove } from './names.ts';
import { classes, encodeRecord, types } from './records.ts';
import type { FoundCheck, ZoneTable } from './zone-table.ts';

/** Codes of answers (RFC 1035 §4.1.1, RFC 6891 §9). */
export const rcodes = {
  noError: 0,
  malformed: 1,
  failed: 2,
  noName: 3,
  notImplemented: 4,
  refused: 5,
  badVersion: 16,
};

/** What is sent for one question: records in their bytes, which stand behind any spelling of the question. */
export interface AnswerSet {
  rcode: number;
  /** Whether this zone speaks for the name, and so an empty answer carries its SOA. */
  isOurs: boolean;
  /** Answer records, one behind the other. */
  records: Buffer;
  /** Where each record begins in `records`. */
  starts: readonly number[];
  /** Records beside the answer, sent where there is room. */
  extra: Buffer;
  extraCount: number;
  /** The record that the next answer begins with, so that answers spread. */
  turn: number;
  /** Tells equal answers to the rate limiter. */
  id: number;
  /** Until when it is as it was, on the clock that never goes back; Infinity where no time is in it. */
  freshUntil: number;
}

/** What answers are made with. */
export interface AnswerRules {
  domain: readonly string[];
  ttlSeconds: number;
  /** The port of a group's service, undefined where none is known. */
  portOf(group: string): number | undefined;
  /** Epoch milliseconds. */
  now(): number;
  /** Milliseconds that never go back. */
  monotonic(): number;
}

/** Larger than any answer may be: with more nodes the rest is left out. */
const maxRecordsBytes = 60_000;
const maxMemory = 20_000;
const minimalAny = Buffer.from('\x07RFC8482\x00', 'latin1');

let lastId = 0;

function answerSet(
  rcode: number,
  isOurs: boolean,
  records: readonly Buffer[] = [],
  extra: readonly Buffer[] = [],
): AnswerSet {
  const kept: Buffer[] = [];
  const starts: number[] = [];
  let bytes = 0;
  for (const record of records) {
    if (bytes + record.length > maxRecordsBytes) break;
    starts.push(bytes);
    kept.push(record);
    bytes += record.length;
  }
  lastId = (lastId + 1) | 0;
  return {
    rcode,
    isOurs,
    records: Buffer.concat(kept),
    starts,
    extra: Buffer.concat(extra),
    extraCount: extra.length,
    turn: 0,
    id: lastId,
    freshUntil: Infinity,
  };
}

/** Answers that say the same to whoever gets them. */
export const fixed = {
  malformed: answerSet(rcodes.malformed, false),
  notImplemented: answerSet(rcodes.notImplemented, false),
  refused: answerSet(rcodes.refused, false),
  failed: answerSet(rcodes.failed, false),
  badVersion: answerSet(rcodes.badVersion, false),
  noName: answerSet(rcodes.noName, true),
  noData: answerSet(rcodes.noError, true),
  nothing: answerSet(rcodes.noError, false),
} as const;

/** Makes answers from one table, and remembers them. Made anew with every table. */
export class Answers {
  readonly #table: ZoneTable;
  readonly #rules: AnswerRules;
  readonly #memory = new Map<string, AnswerSet>();
  /** Records of addresses, which tables share. */
  readonly #encoded: Map<string, Buffer>;

  constructor(table: ZoneTable, rules: AnswerRules, encoded: Map<string, Buffer> = new Map()) {
    this.#table = table;
    this.#rules = rules;
    this.#encoded = encoded;
    if (encoded.size > maxMemory) encoded.clear();
  }

  /** The answer to labels in lower case, which hold letters, digits, `-` and `_` only. */
  find(labels: readonly string[], type: number): AnswerSet {
    const { domain } = this.#rules;
    const own = labels.length - domain.length;
    if (own < 0 || domain.some((label, index) => label !== labels[own + index])) {
      const address = addressOf(labels);
      return address === undefined ? fixed.refused : this.#pointers(address, type);
    }
    const before = labels.slice(0, own);
    if (before.length === 0) return this.#apex(type);
    for (const asked of readingsOf(before, (zone) => this.#table.isZone(zone))) {
      const answer = this.#answer(asked, type);
      if (answer !== undefined) return answer;
    }
    return standsAbove(before, this.#table) ? fixed.noData : fixed.noName;
  }

  #apex(type: number): AnswerSet {
    if (type === types.any) return this.#any();
    return type === types.soa
      ? this.#remember('soa', () => answerSet(rcodes.noError, true, [soaRecord(this.#rules)]))
      : fixed.noData;
  }

  #answer(asked: Asked, type: number): AnswerSet | undefined {
    if (asked.about === 'check') {
      const checks = this.#table.findChecks(asked);
      return checks && this.#checks(asked, checks, type);
    }
    const nodes = this.#table.find(asked);
    if (nodes === undefined) return undefined;
    if (nodes.length === 0) return fixed.noData;
    if (type === types.any) return this.#any();
    const zone = this.#table.isZone(asked.zone) ? asked.zone : '*';
    const key = `${asked.about} ${asked.value} ${zone} ${type}`;
    if (asked.about === 'service') {
      return type === types.srv
        ? this.#remember(key, () => this.#services(asked.value, nodes))
        : fixed.noData;
    }
    if (type !== types.a && type !== types.aaaa) return fixed.noData;
    const limit = asked.about === 'group' ? 1 : Infinity;
    return this.#remember(key, () => {
      const records = nodes.flatMap((node) => this.#addresses(node, type).slice(0, limit));
      return records.length === 0 ? fixed.noData : answerSet(rcodes.noError, true, records);
    });
  }

  /** Records for the addresses of one type of a node, the one it gossips from first. */
  #addresses(node: ClusterNode, type: typeof types.a | typeof types.aaaa, owner = ''): Buffer[] {
    return node.addresses.flatMap((each) => {
      const address = canonical(each);
      if (address === undefined || address.includes(':') !== (type === types.aaaa)) return [];
      return [
        this.#encode(`${address} ${owner}`, () =>
          encodeRecord(this.#rules.ttlSeconds, { type, address }, owner),
        ),
      ];
    });
  }

  #services(group: string, nodes: readonly ClusterNode[]): AnswerSet {
    const port = this.#rules.portOf(group);
    if (port === undefined) return fixed.noData;
    const records: Buffer[] = [];
    const extra: Buffer[] = [];
    for (const node of nodes) {
      const target = this.#nameOf(node);
      if (target === undefined) continue;
      records.push(
        this.#encode(`srv ${port} ${target}`, () =>
          encodeRecord(this.#rules.ttlSeconds, { type: types.srv, priority: 1, weight: 1, port, target }),
        ),
      );
      extra.push(...this.#addresses(node, types.a, target), ...this.#addresses(node, types.aaaa, target));
    }
    return answerSet(rcodes.noError, true, records, extra);
  }

  #pointers(address: string, type: number): AnswerSet {
    const nodes = this.#table.owners(address);
    if (nodes === undefined) return fixed.refused;
    if (type === types.any) return this.#any();
    if (type !== types.ptr) return fixed.nothing;
    return this.#remember(`ptr ${address}`, () => {
      const names = nodes.flatMap((node) => this.#nameOf(node) ?? []);
      return answerSet(
        rcodes.noError,
        false,
        names.map((domain) => encodeRecord(this.#rules.ttlSeconds, { type: types.ptr, domain })),
      );
    });
  }

  #checks(asked: Extract<Asked, { about: 'check' }>, checks: readonly FoundCheck[], type: number): AnswerSet {
    if (checks.length === 0) return fixed.noData;
    if (type === types.any) return this.#any();
    if (type !== types.txt) return fixed.noData;
    const key = `check ${asked.value} ${asked.node} ${this.#table.isZone(asked.zone) ? asked.zone : '*'}`;
    const now = this.#rules.now();
    const monotonic = this.#rules.monotonic();
    const known = this.#memory.get(key);
    if (known !== undefined && monotonic < known.freshUntil) return known;
    this.#memory.delete(key);
    return this.#remember(key, () => ({
      ...answerSet(
        rcodes.noError,
        true,
        checks.map(({ check }) =>
          encodeRecord(this.#rules.ttlSeconds, { type: types.txt, data: describe(check, now) }),
        ),
      ),
      freshUntil: monotonic + 1000,
    }));
  }

  /** ANY is answered with the least there is (RFC 8482). */
  #any(): AnswerSet {
    return this.#remember('any', () =>
      answerSet(rcodes.noError, true, [
        encodeRecord(this.#rules.ttlSeconds, { type: types.hinfo, data: minimalAny }),
      ]),
    );
  }

  /** The name by which a node alone is found: by its uuid where its name has other letters, or another node has it too. */
  #nameOf(node: ClusterNode): string | undefined {
    const zone = isName(node.zone) ? node.zone : 'all';
    const end = [zone, ...this.#rules.domain].join('.');
    if (isName(node.name) && zone === node.zone && this.#table.isAlone(node))
      return `${node.name}.name.${end}`.toLowerCase();
    return isName(node.uuid) ? `${node.uuid}.uuid.${end}`.toLowerCase() : undefined;
  }

  #remember(key: string, make: () => AnswerSet): AnswerSet {
    const known = this.#memory.get(key);
    if (known !== undefined) return known;
    if (this.#memory.size >= maxMemory) this.#memory.clear();
    const made = make();
    this.#memory.set(key, made);
    return made;
  }

  #encode(key: string, make: () => Buffer): Buffer {
    const known = this.#encoded.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.#encoded.set(key, made);
    return made;
  }
}

/** Text that can stand in a name, and leaves room for what comes behind it. */
function isName(text: string): boolean {
  return text.length < 80 && /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/i.test(text);
}

function describe({ id, state, since }: FoundCheck['check'], now: number): Buffer[] {
  const age = since === null ? [] : [`age=${Math.max(0, Math.floor((now - since) / 1000))}s`];
  return [`state=${state}`, ...age, `check=${id}`].map((text) => Buffer.from(text).subarray(0, 255));
}

/** The SOA of the zone, its owner the question's name. */
export function soaRecord({ domain, ttlSeconds }: Pick<AnswerRules, 'domain' | 'ttlSeconds'>): Buffer {
  const zone = domain.join('.');
  return encodeRecord(ttlSeconds, {
    type: types.soa,
    primary: `ns.${zone}`,
    admin: `hostmaster.${zone}`,
    serial: 1,
    refresh: 3600,
    retry: 600,
    expiration: 86400,
    minimum: ttlSeconds,
  });
}

/** True for questions of the internet's class, or any. */
export function isClassAnswered(asked: number): boolean {
  return asked === classes.in || asked === classes.any;
}
