import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Budget, type RenderContext } from '../../plugins/listeners/graphite/render/evaluate/context.ts';
import { Evaluation } from '../../plugins/listeners/graphite/render/evaluate/evaluation.ts';
import { jsonOf } from '../../plugins/listeners/graphite/render/formats/json.ts';
import { csvOf, rawOf } from '../../plugins/listeners/graphite/render/formats/text.ts';
import { catalogue } from '../../plugins/listeners/graphite/render/functions/catalogue.ts';
import { answerQuery } from '../../plugins/listeners/graphite/render/routes/queries.ts';
import type { Series } from '../../plugins/listeners/graphite/render/series/series.ts';
import { parseAtTime } from '../../plugins/listeners/graphite/render/time/at-time.ts';
import { excluded } from './excluded.ts';
import { GraphiteWeb, isGraphiteWebHere } from './graphite-web.ts';
import { sampleSeries } from './sample-series.ts';
import { WhisperFolder } from './whisper-folder.ts';

const now = 1732870833;
// In another zone than its process's, graphite-web mistakes the times of some functions by the difference.
const zone = 'UTC';
const elsewhere = 'Europe/Paris';
const isHere = process.env.OPSBRO_TEST_REQUIRE === 'all' || isGraphiteWebHere();
const title = isHere ? '' : ' (skipped: graphite-web is not installed)';
const targets = readFileSync(new URL('./targets.txt', import.meta.url), 'utf8')
  .trim()
  .split('\n');

const queries: [path: string, fields: [string, string][]][] = [
  [
    '/metrics/find',
    [
      ['query', 'db.s*.*'],
      ['format', 'completer'],
    ],
  ],
  [
    '/metrics/find',
    [
      ['query', 'db'],
      ['format', 'completer'],
    ],
  ],
  [
    '/metrics/find',
    [
      ['query', 'db.'],
      ['format', 'completer'],
    ],
  ],
  [
    '/metrics/find',
    [
      ['query', 'web*.cpu'],
      ['format', 'completer'],
      ['wildcards', '1'],
    ],
  ],
  [
    '/metrics/find',
    [
      ['query', 'web*'],
      ['format', 'json'],
    ],
  ],
  [
    '/metrics/find',
    [
      ['query', 'db.*'],
      ['format', 'nodelist'],
    ],
  ],
  ['/metrics/expand', [['query', 'web*.cpu.user']]],
  [
    '/metrics/expand',
    [
      ['query', 'db.*'],
      ['leavesOnly', '1'],
    ],
  ],
  [
    '/metrics/expand',
    [
      ['query', 'web1'],
      ['query', 'db.*'],
      ['groupByExpr', '1'],
    ],
  ],
  ['/tags', []],
  ['/tags', [['filter', 'h']]],
  ['/tags/host', []],
  [
    '/tags/findSeries',
    [
      ['expr', 'name=cpu'],
      ['expr', 'dc=a'],
    ],
  ],
  ['/tags/autoComplete/tags', []],
  [
    '/tags/autoComplete/tags',
    [
      ['expr', 'host=web1'],
      ['tagPrefix', 'd'],
    ],
  ],
  [
    '/tags/autoComplete/values',
    [
      ['tag', 'host'],
      ['expr', 'dc=b'],
    ],
  ],
  [
    '/tags/autoComplete/values',
    [
      ['tag', 'host'],
      ['valuePrefix', 'w'],
      ['limit', '1'],
    ],
  ],
];

/** Without its database's numbers, and in order where it lists files as the disk gives them. */
function ordered(body: unknown): unknown {
  if (Array.isArray(body))
    return body.map(ordered).sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
  if (body === null || typeof body !== 'object') return body;
  return Object.fromEntries(
    Object.entries(body).flatMap(([name, value]) => (name === 'id' ? [] : [[name, ordered(value)]])),
  );
}

interface Answered {
  target: string;
  tags: Record<string, string>;
  datapoints: [number | null, number][];
}

let folder: string;
let reader: WhisperFolder;
let peer: GraphiteWeb;

beforeAll(async () => {
  if (!isHere) return;
  folder = mkdtempSync(join(tmpdir(), 'opsbro-render-'));
  const whisper = join(folder, 'whisper');
  const scratch = join(folder, 'scratch');
  mkdirSync(scratch);
  reader = new WhisperFolder(whisper);
  for (const [name, series] of Object.entries(sampleSeries)) reader.write(name, series, now);
  peer = new GraphiteWeb(whisper, scratch);
  await peer.tag(reader.taggedNames());
});

afterAll(async () => {
  if (!isHere) return;
  await peer.close();
  rmSync(folder, { recursive: true, force: true });
});

function ours(target: string, from: string): Series[] {
  const context: RenderContext = {
    ...{ reader, now, zone, xFilesFactor: 0, random: Math.random },
    from: parseAtTime(from, { now, zone }),
    until: now,
    templateValues: new Map(),
    budget: new Budget(1e8, () => false),
    stacks: new Map(),
  };
  return new Evaluation(catalogue).series(target, context);
}

async function theirs(target: string, from: string, more: [string, string][] = []): Promise<string> {
  const common: [string, string][] = [
    ['from', from],
    ['now', `${now}`],
    ['tz', zone],
    ['noCache', '1'],
  ];
  const { status, body } = await peer.ask('/render', [['target', target], ...common, ...more]);
  if (status !== 200) throw new Error(`graphite-web answers ${target} by ${status} ${body.slice(0, 300)}`);
  return body;
}

/** What differs: names, tags, times, or values by more than 1e-9 of the greater one. */
function differences(own: Answered[], other: Answered[]): string[] {
  const names = (list: Answered[]): string => JSON.stringify(list.map(({ target }) => target));
  if (names(own) !== names(other)) return [`names: ours ${names(own)}, theirs ${names(other)}`];
  return own.flatMap((series, index) => {
    const peer = other[index]!;
    const found: string[] = [];
    if (JSON.stringify(sorted(series.tags)) !== JSON.stringify(sorted(peer.tags)))
      found.push(`tags: ours ${JSON.stringify(series.tags)}, theirs ${JSON.stringify(peer.tags)}`);
    if (series.datapoints.length !== peer.datapoints.length)
      found.push(`points: ours ${series.datapoints.length}, theirs ${peer.datapoints.length}`);
    for (const [at, [value, time]] of series.datapoints.entries()) {
      const [expected, when] = peer.datapoints[at] ?? [null, Number.NaN];
      const isSame = value === expected || (value !== null && expected !== null && isClose(value, expected));
      if (time === when && isSame) continue;
      found.push(`point ${at}: ours ${value} at ${time}, theirs ${expected} at ${when}`);
      break;
    }
    return found.map((text) => `${series.target}: ${text}`);
  });
}

function isClose(one: number, other: number): boolean {
  return Math.abs(one - other) <= 1e-9 * Math.max(Math.abs(one), Math.abs(other));
}

function sorted(tags: Record<string, string>): [string, string][] {
  return Object.entries(tags).sort(([one], [other]) => (one < other ? -1 : 1));
}

/** Python's JSON has numbers that JSON has not. */
function parsed(answer: string | Uint8Array): Answered[] {
  const text = typeof answer === 'string' ? answer : new TextDecoder().decode(answer);
  return JSON.parse(text.replace(/(?<=\[)(NaN|-?Infinity|-?1e9999)(?=,)/g, 'null')) as Answered[];
}

describe.skipIf(!isHere)(`graphite-web${title}`, () => {
  it('is asked for more than 200 targets, none of which is excluded', () => {
    expect(targets.length).toBeGreaterThan(200);
    expect(targets.filter((target) => excluded.some(({ what }) => what === target))).toEqual([]);
  });

  it.each(['-3h', '-26h', '-10min'])('renders every target alike, from %s on', async (from) => {
    const wrong: string[] = [];
    for (const target of targets) {
      const own = parsed(jsonOf(ours(target, from), {}));
      const other = parsed(await theirs(target, from, [['format', 'json']]));
      const found = differences(own, other);
      if (found.length > 0) wrong.push(`${target}\n  ${found.slice(0, 3).join('\n  ')}`);
    }
    expect(wrong.join('\n')).toBe('');
  });

  it.each([1, 7, 20, 59, 800])('joins points to %d of them alike', async (maxDataPoints) => {
    for (const target of ['group(db.*,web1.mem.used)', "consolidateBy(db.neg,'sum')", 'constantLine(3)']) {
      const own = parsed(jsonOf(ours(target, '-3h'), { maxDataPoints }));
      const more: [string, string][] = [
        ['format', 'json'],
        ['maxDataPoints', `${maxDataPoints}`],
      ];
      expect(differences(own, parsed(await theirs(target, '-3h', more))), target).toEqual([]);
    }
  });

  it('answers queries of names and tags alike', async () => {
    const parts = { reader, clock: { now: () => now * 1000, monotonic: () => 0 }, zone, random: Math.random };
    for (const [path, fields] of queries) {
      const [, tag] = /^\/tags\/(\w+)$/.exec(path) ?? [];
      const route = tag === undefined || tag === 'findSeries' ? path : '/tags/:tag';
      const request = { route, method: 'GET', params: { tag: tag ?? '' }, query: {}, body: null, fields };
      const other = JSON.parse((await peer.ask(path, fields)).body) as unknown;
      expect([path, fields, ordered(answerQuery(request, parts).body)]).toEqual([
        path,
        fields,
        ordered(other),
      ]);
    }
  });

  it('leaves out points without value alike', async () => {
    const own = parsed(jsonOf(ours('db.*', '-3h'), { noNullPoints: true }));
    const other = parsed(
      await theirs('db.*', '-3h', [
        ['format', 'json'],
        ['noNullPoints', 'true'],
      ]),
    );
    expect(differences(own, other)).toEqual([]);
  });

  it.each(['group(web1.cpu.*,db.gaps,db.slow.*)', 'constantLine(0.00001)'])(
    'writes %s as text alike',
    async (target) => {
      expect(csvOf(ours(target, '-3h'), zone)).toBe(await theirs(target, '-3h', [['format', 'csv']]));
      const there = await theirs(target, '-3h', [
        ['format', 'csv'],
        ['tz', elsewhere],
      ]);
      expect(csvOf(ours(target, '-3h'), elsewhere)).toBe(there);
      expect(rawOf(ours(target, '-3h'))).toBe(await theirs(target, '-3h', [['format', 'raw']]));
    },
  );

  it.each(['UTC', 'Europe/Paris', 'America/New_York'])('reads times alike in %s', async (timeZone) => {
    const texts = readFileSync(new URL('./times.txt', import.meta.url), 'utf8')
      .trimEnd()
      .split('\n');
    const own = texts.map((text) => {
      try {
        return parseAtTime(text, { now, zone: timeZone });
      } catch {
        return null;
      }
    });
    const other = await peer.times(texts, now, timeZone);
    expect(texts.map((text, index) => [text, own[index]])).toEqual(
      texts.map((text, index) => [text, other[index]]),
    );
  });
});
