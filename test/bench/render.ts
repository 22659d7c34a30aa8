import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answerQuery, type QueryParts } from '../../plugins/listeners/graphite/render/routes/queries.ts';
import { GraphiteWeb, isGraphiteWebHere } from '../graphite/graphite-web.ts';
import { WhisperFolder } from '../graphite/whisper-folder.ts';
import {
  alternate,
  atMostRatio,
  type Bench,
  type BenchCheck,
  briefRounds,
  peerAbsent,
  resultOf,
  shown,
} from './result.ts';

const now = 1732870833;
const day = 86_400;
const retentions = '10s:6h,60s:7d,10min:1y';

interface Case {
  name: string;
  reach: number;
  query: [string, string][];
}

const cases: Case[] = [
  {
    name: '100 series of 24 h as json',
    reach: 0.4,
    query: [
      ['target', 'many.*'],
      ['from', '-24h'],
    ],
  },
  {
    name: '100 series of 24 h with maxDataPoints=800',
    reach: 0.3,
    query: [
      ['target', 'many.*'],
      ['from', '-24h'],
      ['maxDataPoints', '800'],
    ],
  },
  {
    name: 'sumSeries of 100 series of 24 h',
    reach: 0.15,
    query: [
      ['target', 'sumSeries(many.*)'],
      ['from', '-24h'],
    ],
  },
  {
    name: 'one series of a year',
    reach: 0.4,
    query: [
      ['target', 'one.year'],
      ['from', '-1y'],
    ],
  },
];

/** How long answers of /render take, ours and graphite-web's, from the same Whisper files, without HTTP and without caches. */
export const bench: Bench = async ({ brief, say }) => {
  if (!isGraphiteWebHere()) return peerAbsent('render', 'ms', 0.4, 'graphite-web python3-whisper');
  const folder = mkdtempSync(join(tmpdir(), 'opsbro-bench-render-'));
  const [whisper, scratch] = [join(folder, 'whisper'), join(folder, 'scratch')];
  mkdirSync(scratch);
  const reader = new WhisperFolder(whisper);
  write(reader);
  const peer = new GraphiteWeb(whisper, scratch);
  try {
    const checks: BenchCheck[] = [];
    for (const one of cases) checks.push(await measured(one, reader, peer, brief, say));
    return resultOf('render', 'ms', checks);
  } finally {
    await peer.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

function write(reader: WhisperFolder): void {
  const common = { retentions, aggregation: 'average' as const };
  for (let index = 0; index < 100; index += 1)
    reader.write(
      `many.n${index}`,
      {
        ...common,
        step: 60,
        span: day,
        valueAt: (_, time) => 50 + index + 20 * Math.sin(time / (700 + index)),
      },
      now,
    );
  const valueAt = (_: number, time: number): number => 1e6 * (1 + Math.sin(time / 40_000));
  reader.write('one.year', { ...common, step: 600, span: 365 * day, valueAt }, now);
}

async function measured(
  { name, reach, query }: Case,
  reader: WhisperFolder,
  peer: GraphiteWeb,
  brief: boolean,
  say: (text: string) => void,
): Promise<BenchCheck> {
  const fields: [string, string][] = [...query, ['format', 'json'], ['now', `${now}`], ['noCache', '1']];
  const [own, other] = [ours(fields, reader).body, (await peer.ask('/render', fields)).body];
  if (points(own) !== points(other))
    throw new Error(`${name}: ours gives ${points(own)} points, graphite-web ${points(other)}`);
  say(`${name}: ${points(own)} points`);
  const once = (): number => ours(fields, reader).ms;
  const there = async (): Promise<number> => (await peer.ask('/render', fields)).ms;
  // Both are warm before the first round.
  for (let index = 0; index < (brief ? 3 : 10); index += 1) {
    once();
    await there();
  }
  const rounds = await alternate(brief ? briefRounds : 21, async () => once(), there);
  say(
    `  ${shown(rounds.ours)} ms, graphite-web ${shown(rounds.peer)} ms, quartiles of the ratio ${shown(rounds.lowerQuartile)} to ${shown(rounds.upperQuartile)}`,
  );
  return atMostRatio(`${name}, ms`, rounds, reach);
}

function ours(fields: [string, string][], reader: WhisperFolder): { ms: number; body: string } {
  const clock = { now: () => now * 1000, monotonic: () => performance.now() };
  const parts: QueryParts = { reader, clock, zone: 'UTC', random: Math.random };
  const request = { route: '/render', method: 'GET', params: {}, query: {}, body: null, fields };
  const began = performance.now();
  const { status, body } = answerQuery(request, parts);
  const ms = performance.now() - began;
  if (status !== 200 || !(body instanceof Uint8Array))
    throw new Error(`ours answers ${JSON.stringify(body)}`);
  return { ms, body: new TextDecoder().decode(body) };
}

function points(body: string): number {
  const list = JSON.parse(body) as { datapoints: unknown[] }[];
  return list.reduce((sum, { datapoints }) => sum + datapoints.length, 0);
}
