import { type ChildProcess, execFileSync, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { pathOf } from '../../plugins/listeners/graphite/store/series-path.ts';
import { readLayout } from '../../plugins/listeners/graphite/whisper/layout.ts';
import { packageRoot } from '../bench/agent.ts';
import { freePort } from '../free-port.ts';
import { randomFrom } from '../soak/result.ts';
import { cacheSettings, endCarbon, isCarbonHere, startCarbon } from './carbon-server.ts';

const isCompilerHere =
  process.env.OPSBRO_TEST_REQUIRE === 'all' || spawnSync('gcc', ['--version']).error === undefined;
const missing = [...(isCarbonHere ? [] : ['graphite-carbon']), ...(isCompilerHere ? [] : ['gcc'])];
const reason = missing.length === 0 ? '' : ` (skipped: ${missing.join(' and ')} not installed)`;
const peerScript = fileURLToPath(
  new URL('../../plugins/listeners/graphite/testdata/whisper_peer.py', import.meta.url),
);

const start = 1_700_000_000;
const schemas =
  '[short]\npattern = ^short\\.\nretentions = 1s:60s,10s:10m,60s:1h\n\n[all]\npattern = .*\nretentions = 10s:6h,1m:7d,10m:1y\n';
const methods = ['sum', 'min', 'max', 'last'];
const aggregation = [
  ...methods.map(
    (method) => `[${method}]\npattern = \\.${method}$\nxFilesFactor = 0\naggregationMethod = ${method}\n`,
  ),
  '[half]\npattern = \\.half$\nxFilesFactor = 0.5\naggregationMethod = average\n',
  '[rest]\npattern = .*\nxFilesFactor = 0\naggregationMethod = average\n',
].join('\n');

/**
 * Ages of points by what becomes of them: near to now, in each coarser archive, older than all. Those at an archive's end are left out: there it
 * decides how many points carbon happens to write together.
 */
const ages = {
  short: [
    [-5, 50],
    [80, 520],
    [680, 3400],
    [3700, 90_000],
  ],
  long: [
    [-60, 21_000],
    [22_000, 600_000],
    [610_000, 31_400_000],
    [31_600_000, 60_000_000],
  ],
} as const;
/** How far in the future a point may be: beyond all archives, so that it takes the place of another time. */
const ahead = { short: 9000, long: 60_000_000 };
const numbered = Object.keys(ages).flatMap((kind) =>
  [...methods, 'half', 'average'].map((name) => ({
    kind: kind as keyof typeof ages,
    name: `${kind}.${name}`,
  })),
);
/** How far the clock goes before each batch: on, and back, and as if it had been wrong for weeks. */
const clockSteps = [
  0, 5, 70, 3600, -7200, 7205, -30, 86_400, -259_200, 259_300, -1, 2_592_000, -2_592_000, 20,
];

/** Lines that are odd, by the time of now. What comes of `inf` alone is another thing: carbon keeps it, and no JSON can hold it. */
const oddLines = (now: number): string[] => [
  `odd.nan nan ${now}`,
  'odd.now 1.5 -1',
  'odd.now_and_more 2 -1.7',
  `odd.parts_of_a_second 3 ${now}.9`,
  `odd.exponent 1.25e3 ${now}`,
  `odd.underscore 1_000.5 ${now}`,
  `odd.hexadecimal 0x10 ${now}`,
  `odd.comma 1,5 ${now}`,
  'odd.few 1',
  `odd.many 1 ${now} x`,
  'odd.first_second 1 0',
  'odd.before_time 1 -5',
  'odd.after_time 1 5000000000',
  `odd.tiny 1e-400 ${now}`,
  `odd.minus_zero -0 ${now}`,
  `\t odd.blanks\t5 \t${now}\r`,
  `odd.digits 3.141592653589793238462643 ${now}`,
  `odd.large 123456789012345678901234567890 ${now}`,
  `odd.time_by_exponent 7 ${now / 100}e2`,
  `odd.tags;host=a;dc=b 8 ${now}`,
  `odd.twice 1 ${now}`,
  `odd.twice nan ${now}`,
  `odd.twice 2 ${now}`,
];
const oddNames = [...new Set(oddLines(start).map((line) => line.trim().split(/\s/)[0] as string))].map(
  (name) => (name === 'odd.tags;host=a;dc=b' ? 'odd.tags;dc=b;host=a' : name),
);

/** A server that takes lines, and the folder of its files. */
interface Server {
  port: number;
  files: string;
}

let place: string;
let clock: number;
const children: ChildProcess[] = [];

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'opsbro-beside-carbon-'));
});
afterEach(async () => {
  await Promise.all(children.splice(0).map(endCarbon));
  rmSync(place, { recursive: true, force: true });
});

/** Sets the clock of both servers, where time stands still until it is set again. */
function setClock(seconds: number): void {
  clock = seconds;
  const path = join(place, 'clock');
  // Cut short it would end whoever reads it meanwhile.
  writeFileSync(path, `${seconds}\n`, { flag: existsSync(path) ? 'r+' : 'w' });
}

async function startBoth(): Promise<Server[]> {
  const library = join(place, 'clock.so');
  const source = join(packageRoot, 'test/graphite/clock.c');
  execFileSync('gcc', ['-O2', '-shared', '-fPIC', '-o', library, source]);
  setClock(start);
  const env = { LD_PRELOAD: library, OPSBRO_CLOCK: join(place, 'clock') };
  const [port, picklePort] = [await freePort(), await freePort()];
  // The marker of a batch is written last, since it is the youngest.
  const settings = [
    ...(await cacheSettings(port, picklePort)),
    ...['CACHE_WRITE_STRATEGY = timesorted', 'TAG_HASH_FILENAMES = False'],
  ];
  const folder = join(place, 'carbon');
  children.push(await startCarbon({ program: 'cache', folder, settings, port, schemas, aggregation, env }));
  const store = {
    flush: '100ms',
    retentions: [],
    schemas_file: join(folder, 'storage-schemas.conf'),
    aggregation_file: join(folder, 'storage-aggregation.conf'),
  };
  const child = fork(
    join(packageRoot, 'dist/test/bench/graphite-server-peer.js'),
    [JSON.stringify({ store }), join(place, 'ours')],
    { env: { ...process.env, ...env } },
  );
  children.push(child);
  const [own] = (await once(child, 'message')) as [{ port: number }];
  return [
    { port, files: join(folder, 'whisper') },
    { port: own.port, files: join(place, 'ours/metrics/whisper') },
  ];
}

/** Sends lines, and waits until all of them are in their files. */
async function sendBatch({ port, files }: Server, lines: readonly string[], marker: string): Promise<void> {
  const text = [...lines, `${marker} 1 ${clock + 600_000_000}`].map((line) => `${line}\n`).join('');
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.end(text);
  const path = join(files, pathOf(marker));
  await expect.poll(() => existsSync(path) && hasPoint(path)).toBe(true);
  socket.destroy();
}

/** Whether anything stands in the first archive of a file, which is all that a marker writes to. */
function hasPoint(path: string): boolean {
  const bytes = readFileSync(path);
  const head = 16 + 12 * 3;
  return bytes.length > head && bytes.subarray(head, head + 12 * 2160).some((byte) => byte !== 0);
}

function batchAt(now: number, random: () => number): string[] {
  const lines = numbered.flatMap(({ kind, name }) =>
    Array.from({ length: 8 }, () => {
      const [from, to] = ages[kind][Math.floor(random() * ages[kind].length)] as readonly [number, number];
      return now - from - Math.floor(random() * (to - from + 1));
    })
      .toSorted((one, other) => one - other)
      .flatMap((at) => pointsAt(name, at, random)),
  );
  return [...lines, ...oddLines(now)];
}

/** One time of the future for each series: of two at one place of a coarser archive carbon writes any last. */
function futureAt(now: number, random: () => number): string[] {
  return numbered.flatMap(({ kind, name }) =>
    pointsAt(name, now + 1 + Math.floor(random() * ahead[kind]), random),
  );
}

/** One point, or two of the same second, of which the later stays. */
function pointsAt(name: string, at: number, random: () => number): string[] {
  const values = [(random() * 2000 - 1000).toFixed(3), (random() * 1e6).toPrecision(15)];
  return values.slice(random() < 0.3 ? 0 : 1).map((value) => `${name} ${value} ${at}`);
}

/** What Debian's whisper reads of all series of a server, over several times, as seen from several moments. */
function read({ files }: Server, names: readonly string[], nows: readonly number[]): unknown[] {
  const steps = names.flatMap((name) => {
    const path = join(files, pathOf(name));
    // Of points that are all too old carbon makes an empty file.
    if (!existsSync(path)) return [];
    return nows.flatMap((now) =>
      [50, 500, 3000, 20_000, 600_000, 31_000_000].map((reach) => ({
        do: 'fetch',
        path,
        from: now - reach,
        until: now,
        now,
      })),
    );
  });
  const output = execFileSync('/usr/bin/python3', [peerScript], {
    input: JSON.stringify(steps),
    maxBuffer: 2 ** 30,
  });
  const answers = JSON.parse(output.toString()) as ([unknown, (number | null)[]] | null)[];
  return answers.map((answer, index) => {
    const { path, from, now } = steps[index] as { path: string; from: number; now: number };
    return { name: path.slice(files.length), from, now, answer };
  });
}

it.skipIf(missing.length > 0)(
  `keeps of clock steps, past, future, doubled and odd points what carbon-cache does${reason}`,
  async () => {
    const servers = await startBoth();
    const random = randomFrom(20_261_130);
    const nows = [start];
    for (const [index, step] of clockSteps.entries()) {
      setClock(clock + step);
      nows.push(clock);
      const lines = batchAt(clock, random);
      await Promise.all(servers.map((server) => sendBatch(server, lines, `mark.b${index}`)));
      if (index % 2 === 0) continue;
      const future = futureAt(clock, random);
      await Promise.all(servers.map((server) => sendBatch(server, future, `mark.f${index}`)));
    }
    const names = [...numbered.map(({ name }) => name), ...oddNames];
    const [theirs, ours] = servers.map((server) => names.filter((name) => isHeld(server, name)));
    expect(ours).toEqual(theirs);
    expect(theirs).toEqual(expect.arrayContaining(['short.sum', 'long.half', 'odd.now', 'odd.twice']));
    for (const none of ['odd.nan', 'odd.comma', 'odd.before_time', 'odd.after_time'])
      expect(theirs).not.toContain(none);
    const moments = [...new Set([Math.min(...nows), clock, Math.max(...nows)])];
    const [expected, found] = servers.map((server) => read(server, theirs ?? [], moments));
    expect(found).toEqual(expected);
    expect(JSON.stringify(expected).match(/\d\.\d/g)?.length).toBeGreaterThan(500);
    for (const server of servers.slice(1))
      for (const name of theirs ?? [])
        expect([name, ...contentOf(server, name)]).toEqual([name, ...contentOf(servers[0] as Server, name)]);
  },
);

/** All that is in a file, `step time value`, also what is too old. Which place a ring begins with is left out: carbon begins with any of what it rolls up first. */
function contentOf({ files }: Server, name: string): string[] {
  const bytes = readFileSync(join(files, pathOf(name)));
  const layout = readLayout(bytes, bytes.length);
  return (layout?.archives ?? []).flatMap(({ step, offset, points }) =>
    Array.from({ length: points }, (_, place) => offset + 12 * place)
      .flatMap((at) => {
        const time = bytes.readUInt32BE(at);
        return time === 0 ? [] : [`${step} ${time} ${bytes.readDoubleBE(at + 4)}`];
      })
      .sort(),
  );
}

/** Whether a server holds points of a series. */
function isHeld(server: Server, name: string): boolean {
  return existsSync(join(server.files, pathOf(name))) && contentOf(server, name).length > 0;
}
