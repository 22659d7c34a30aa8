import { Answers } from '../../plugins/exporters/dns/answers.ts';
import { RateLimiter } from '../../plugins/exporters/dns/rate-limiter.ts';
import { maxTcpBytes, maxUdpBytes, Responder } from '../../plugins/exporters/dns/responder.ts';
import { ZoneTable } from '../../plugins/exporters/dns/zone-table.ts';
import type { ClusterNode, NodesSnapshot } from '../../sdk/index.ts';
import { pick, randomFrom, type Soak } from './result.ts';

const inputs = 1_000_000;
const growthLimitMib = 150;
const domain = ['opsbro'];
const words = [
  ...['redis', 'linux', 'os--debian', 'nothing', 'n1', 'n2', 'web.example.com', 'uuid-n3', '_redis', 'load'],
  ...[
    'group',
    'name',
    'uuid',
    'check',
    '_tcp',
    'lan',
    'dc-2',
    'dc1',
    'OpsBro',
    'opsbro',
    'org',
    'in-addr',
    'arpa',
  ],
];
const sound = [
  ...['redis.group.lan', 'linux.group.all', 'OS--debian.group.dc-2', '_redis._tcp.lan', '_linux._tcp.none'],
  ...['n1.name.lan', 'n7.example.com.name.lan', 'uuid-n3.uuid.dc-2', 'load.check.n1.lan', 'group.lan'],
];
/** How an OPT record begins: the root's name and the type. */
const opt = Buffer.from([0, 0, 41]);
const askedTypes = [1, 28, 33, 16, 12, 6, 2, 255, 252, 41, 65];

function node(index: number): ClusterNode {
  return {
    uuid: `uuid-n${index}`,
    name: index % 7 === 0 ? `n${index}.example.com` : `n${index}`,
    display_name: index % 11 === 0 ? `Node ${index}.` : `n${index}`,
    addresses: [`10.0.${index >> 8}.${index & 255}`, `fd00::${index.toString(16)}`],
    port: 6768,
    zone: index % 3 === 0 ? 'dc-2' : 'lan',
    groups: index % 2 === 0 ? ['linux', 'redis'] : ['linux', 'os::Debian'],
    state: index % 13 === 0 ? 'suspect' : index % 17 === 0 ? 'dead' : 'alive',
    since: 0,
    incarnation: 1,
    version: '1.0.0',
    protocol: [1, 1],
    proxy: false,
    checks_version: 0,
    failing: index % 19 === 0 ? ['redis'] : [],
  };
}

/** A responder over 150 nodes, whose larger groups have no room in a datagram. */
function target(time: { ms: number }): Responder {
  const nodes: NodesSnapshot = {
    self: 'uuid-n1',
    zone: 'lan',
    zones: [
      { name: 'dc-2', parent: 'lan', unreachable: false },
      { name: 'lan', parent: null, unreachable: false },
    ],
    nodes: Array.from({ length: 150 }, (_, index) => node(index)),
  };
  const check = { id: 'linux/check/load', name: 'load', pack: 'linux', state: 'ok', hard: true } as const;
  const checks = [{ ...check, since: 0, output: '', perfdata: '' }];
  const details = { 'uuid-n1': { uuid: 'uuid-n1', version: 1, checks } };
  const table = new ZoneTable(nodes, () => details, { onlyPassing: true, isStrict: false });
  const clock = { monotonic: () => time.ms, now: () => time.ms };
  const responder = new Responder({ domain, ttlSeconds: 5, limiter: new RateLimiter(), ...clock });
  responder.use(new Answers(table, { domain, ttlSeconds: 5, portOf: () => 6379, ...clock }));
  return responder;
}

/** A sound query for words in any order, most of them below the domain. */
function soundQuery(random: () => number): Buffer {
  const some = Array.from({ length: 1 + Math.floor(random() * 6) }, () => pick(words, random)).join('.');
  const labels = (random() < 0.5 ? pick(sound, random) : some).split('.');
  if (random() < 0.9) labels.push('opsbro');
  const name = labels.flatMap((label) => [label.length, ...Buffer.from(label)]);
  const hasOpt = random() < 0.5;
  const header = [Math.floor(random() * 256), 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, hasOpt ? 1 : 0];
  const size = Math.floor(random() * 65_536);
  const record = hasOpt ? [0, 0, 41, size >> 8, size & 255, 0, 0, random() < 0.5 ? 0x80 : 0, 0, 0, 0] : [];
  return Buffer.from([
    ...header,
    ...name,
    0,
    0,
    pick(askedTypes, random),
    0,
    random() < 0.95 ? 1 : 255,
    ...record,
  ]);
}

/** None to five bytes changed, and sometimes the end cut off or other bytes put behind. */
function changed(query: Buffer, random: () => number): Buffer {
  const changes = random() < 0.3 ? 0 : Math.floor(random() * 6);
  for (let change = 0; change < changes; change += 1)
    query[Math.floor(random() * query.length)] = Math.floor(random() * 256);
  const shape = random();
  if (shape < 0.05) return query.subarray(0, Math.floor(random() * query.length));
  if (shape > 0.95) return Buffer.concat([query, Buffer.alloc(Math.floor(random() * 2000), query)]);
  return query;
}

/** What is wrong with an answer, undefined when nothing is. `size` of `out` was written. */
function wrong(query: Buffer, out: Buffer, size: number, limit: number): string | undefined {
  if (size === 0) return undefined;
  if (size > limit) return `${size} bytes, allowed are ${limit}`;
  if (query.length < 12 || (query[2]! & 0x80) !== 0) return 'an answer to what is no query';
  if (size < 12 || out[0] !== query[0] || out[1] !== query[1] || (out[2]! & 0x80) === 0)
    return 'no answer to this query';
  const end = query.indexOf(0, 12);
  const isEchoed = out[5] !== 1 || query.compare(out, 12, end, 12, end) === 0;
  return isEchoed ? undefined : 'the question is not echoed';
}

/** The most that any OPT record in a query, or what could be one, allows over UDP; read apart from the code that is tried. */
function allowed(query: Buffer): number {
  let most = 512;
  for (let at = query.indexOf(opt, 12); at >= 0 && at + 5 <= query.length; at = query.indexOf(opt, at + 1))
    most = Math.max(most, query.readUInt16BE(at + 3));
  return Math.min(maxUdpBytes, most);
}

/** Changed queries over UDP and TCP: no throw, no answer larger than allowed, and memory stays. */
export const soak: Soak = async ({ share, seed, say }) => {
  const random = randomFrom(seed);
  const rounds = Math.round(inputs * share);
  const time = { ms: 1_000_000 };
  const responder = target(time);
  const out = Buffer.alloc(maxTcpBytes);
  const found: string[] = [];
  const figures = { inputs: rounds, answers: 0, cut: 0, names: 0, largest: 0, growthMib: 0 };
  let startMib = 0;
  for (let round = 0; round < rounds; round += 1) {
    const query = changed(soundQuery(random), random);
    const isUdp = round % 4 !== 0;
    const client = round % 8 < 6 ? '127.0.0.1' : `192.0.${round % 256}.1`;
    time.ms += 0.1;
    try {
      const size = responder.respond(query, query.length, isUdp ? client : null, out);
      const fault = wrong(query, out, size, isUdp ? allowed(query) : maxTcpBytes);
      if (fault !== undefined) found.push(`input ${round} ${query.toString('hex')}: ${fault}`);
      if (size > 0) {
        figures.answers += 1;
        if ((out[2]! & 2) !== 0) figures.cut += 1;
        if (out[7]! > 0 || out[6]! > 0) figures.names += 1;
        figures.largest = Math.max(figures.largest, size);
      }
    } catch (error) {
      found.push(`input ${round} ${query.toString('hex')}: ${String(error)}`);
    }
    if (round === Math.floor(rounds / 4)) startMib = process.memoryUsage().rss / 2 ** 20;
    if (round % 100_000 === 0) say(`${round} inputs, ${figures.answers} answers`);
  }
  figures.growthMib = Math.round(process.memoryUsage().rss / 2 ** 20 - startMib);
  if (figures.growthMib > growthLimitMib)
    found.push(`memory grew by ${figures.growthMib} MiB over the last three quarters`);
  if (figures.names < rounds / 100) found.push(`only ${figures.names} answers had a record`);
  return { soak: 'dns', rounds, seed, pass: found.length === 0, found, figures };
};
