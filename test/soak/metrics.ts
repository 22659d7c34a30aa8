import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { fetchPoints } from '../../plugins/listeners/graphite/whisper/fetch.ts';
import { layoutOf } from '../../plugins/listeners/graphite/whisper/file.ts';
import { acknowledgedReads, sharedClock, type Told } from './acknowledged-reads.ts';
import { clearJournal, cutPower } from './power-cut/undo.ts';
import { randomFrom, type Soak } from './result.ts';

const series = 400;
/** So far back the first point is: 400 rounds stay below it, and the server keeps 12 hours, so they may take four. */
const reachSeconds = 28_800;

/** Point number `index` of all that are sent, each of a series and a second of its own. */
function pointAt(index: number, begin: number): { series: number; time: number; value: number } {
  return { series: index % series, time: begin + Math.floor(index / series), value: index + 0.5 };
}

/** Points that were sent, in order, and which of them are acknowledged. */
class Sent {
  count = 0;
  readonly acknowledged = new Set<number>();
  readonly begin = Math.floor(Date.now() / 1000) - reachSeconds;

  /** The next points, each written by `write`, and the first of them. */
  next(
    points: number,
    write: (name: string, time: number, value: number) => string,
  ): { first: number; text: string } {
    const first = this.count;
    this.count += points;
    const texts = Array.from({ length: points }, (_, more) => {
      const { series: number, time, value } = pointAt(first + more, this.begin);
      return write(`soak.s${number}`, time, value);
    });
    return { first, text: texts.join('') };
  }

  acknowledge(first: number, points: number): void {
    for (let index = first; index < first + points; index += 1) this.acknowledged.add(index);
  }
}

/**
 * 400 times `kill -9` at a random moment while senders send, and after every other one, the first among them, the power goes too: all is gone that no sync had
 * covered, and what a sync was to bring that the disk refused, as it did ten of the first hundred. Before every other power cut the server was killed once before and started again. What was acknowledged, by the end of a connection or by having been read more than a second before, is in the files after the next
 * start. Lives in which the server itself said that the disk is late, or got no processor to say it, count for ends of connections alone.
 */
export const soak: Soak = async ({ share, seed, say }) => {
  const random = randomFrom(seed);
  const rounds = Math.round(400 * share);
  const place = mkdtempSync(join(tmpdir(), 'opsbro-soak-metrics-'));
  const shim = shimBelow(place);
  const sent = new Sent();
  const found: string[] = [];
  const note = (line: string): void => {
    found.push(line);
    say(`  ${line}`);
  };
  const checked = new Set<number>();
  const figures = {
    ...{ sent: 0, acknowledged: 0, byReading: 0, lateLives: 0 },
    ...{ kills: 0, powerCuts: 0, undoneWrites: 0, undoneNames: 0, refusedSyncs: 0 },
  };
  for (let round = 1; round <= rounds && found.length < 5; round += 1) {
    const isCut = round % 2 === 1;
    try {
      clearJournal(shim.journals);
      for (let life = round % 4 === 3 ? 0 : 1; life < 2; life += 1) {
        const read = await oneLife(shim, sent, random, isCut, life === 1 && round % 4 === 3);
        if (read === null) figures.lateLives += 1;
        else figures.byReading += read;
      }
      figures[isCut ? 'powerCuts' : 'kills'] += 1;
      if (isCut) {
        const { writes, names, refused } = cutPower(shim.root, shim.journals, random);
        figures.refusedSyncs += refused;
        figures.undoneWrites += writes;
        figures.undoneNames += names;
      }
      const server = await start(shim.root);
      await stop(server.child);
      const lines = missing(shim.root, sent, checked);
      for (const line of lines) note(`round ${round}, ${isCut ? 'power cut' : 'kill'}: ${line}`);
    } catch (error) {
      note(`round ${round}: ${error instanceof Error ? error.message : error}`);
    }
    if (round % 10 === 0)
      say(
        `  ${figures.kills} kills, ${figures.powerCuts} power cuts, ${sent.acknowledged.size} of ${sent.count} points acknowledged, ${figures.lateLives} lives late`,
      );
  }
  await start(shim.root).then(({ child }) => stop(child));
  checked.clear();
  found.push(...missing(shim.root, sent, checked).map((line) => `at the end: ${line}`));
  if (figures.undoneWrites === 0 || figures.refusedSyncs === 0)
    found.push('no power cut took anything, or no sync was refused: the shim does not work here');
  rmSync(place, { recursive: true, force: true });
  figures.sent = sent.count;
  figures.acknowledged = sent.acknowledged.size;
  const pass = found.length === 0 && figures.byReading > 0 && sent.acknowledged.size > figures.byReading;
  return { soak: 'metrics', rounds, seed, pass, found, figures };
};

/** Where a server works, and what notes all that it does there. */
interface Shim {
  library: string;
  root: string;
  journals: string;
}

/** Compiles the shim; its folders are made. */
function shimBelow(place: string): Shim {
  const library = join(place, 'shim.so');
  const source = fileURLToPath(new URL('../../../test/soak/power-cut/shim.c', import.meta.url));
  execFileSync('gcc', ['-O2', '-shared', '-fPIC', '-o', library, source, '-ldl', '-lpthread']);
  const [root, journals] = [join(place, 'root'), join(place, 'journals')];
  for (const folder of [root, journals]) mkdirSync(folder);
  return { library, root, journals };
}

/** Starts a server, sends to it, and kills it at a random moment: a long life has time to let go of the log of the one before. Resolves as `sendOn` does. */
async function oneLife(
  shim: Shim,
  sent: Sent,
  random: () => number,
  isRefused: boolean,
  isLong: boolean,
): Promise<number | null> {
  const { child, port, picklePort } = await start(shim.root, shim, isRefused);
  const life: Life = { killedAt: undefined };
  const killed = pause(isLong ? 5000 + random() * 3000 : 200 + random() * 2300).then(() => {
    life.killedAt = sharedClock();
    child.kill('SIGKILL');
  });
  const ended = once(child, 'exit');
  const [read] = await Promise.all([
    sendOn(child, picklePort, sent, life),
    sendAndPart(port, sent, random, life),
    killed,
    ended,
  ]);
  return read;
}

/** When a server was killed: what it is told to end it by is not waited for. */
interface Life {
  killedAt: number | undefined;
}

/**
 * Connections that end: the server's end of them acknowledges, unless the kernel made it, which ends the connections of what is killed as well.
 */
async function sendAndPart(port: number, sent: Sent, random: () => number, life: Life): Promise<void> {
  while (life.killedAt === undefined) {
    const points = 1 + Math.floor(random() * 400);
    const { first, text } = sent.next(points, (name, time, value) => `${name} ${value} ${time}\n`);
    const socket = connect(port, '127.0.0.1');
    let isFinished = false;
    socket.on('end', () => {
      isFinished = life.killedAt === undefined;
    });
    socket.on('error', () => undefined);
    socket.resume();
    socket.end(text);
    const hasError = await new Promise<boolean>((resolve) => socket.once('close', resolve));
    if (isFinished && !hasError) sent.acknowledge(first, points);
    await pause(random() * 20);
  }
}

/** A connection that stays, of pickles: what the server has read is acknowledged a second later. Resolves with how many points; null for a late server. */
async function sendOn(child: ChildProcess, port: number, sent: Sent, life: Life): Promise<number | null> {
  const socket: Socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  const batches: { first: number; points: number }[] = [];
  const told: Told[] = [];
  child.on('message', (message: Partial<Told>) => {
    if (message.points !== undefined) told.push(message as Told);
  });
  while (life.killedAt === undefined) {
    const { first, text } = sent.next(10, (name, time, value) => `(S'${name}'\n(I${time}\nF${value}\ntta`);
    batches.push({ first, points: 10 });
    const head = Buffer.alloc(4);
    head.writeUInt32BE(text.length + 3);
    socket.write(Buffer.concat([head, Buffer.from(`(l${text}.`)]));
    if (child.connected) child.send('figures', () => undefined);
    await pause(20);
  }
  socket.destroy();
  const read = acknowledgedReads(told, life.killedAt);
  let left = read ?? 0;
  for (const { first, points } of batches) {
    if (left < points) break;
    sent.acknowledge(first, points);
    left -= points;
  }
  return read;
}

/** What is acknowledged and was not found; `checked` is left out, and grows. */
function missing(place: string, sent: Sent, checked: Set<number>): string[] {
  const points = Array.from({ length: series }, (_, number) =>
    valuesOf(join(place, `metrics/whisper/soak/s${number}.wsp`), sent.begin),
  );
  const lost: string[] = [];
  for (const index of sent.acknowledged) {
    if (checked.has(index)) continue;
    const { series: number, time, value } = pointAt(index, sent.begin);
    const known = points[number]?.[time - sent.begin];
    if (known !== value)
      lost.push(`point ${index}, of soak.s${number} at ${time}, is ${known} and not ${value}`);
    else checked.add(index);
  }
  return lost.slice(0, 3);
}

/** The values of a file from `begin` on, one a second. */
function valuesOf(path: string, begin: number): Float64Array {
  if (!existsSync(path)) return new Float64Array(0);
  const fd = openSync(path, 'r');
  try {
    const layout = layoutOf(fd);
    const now = Math.floor(Date.now() / 1000);
    return (layout && fetchPoints(fd, layout, begin - 1, now, now)?.values) ?? new Float64Array(0);
  } finally {
    closeSync(fd);
  }
}

async function start(
  root: string,
  shim?: Shim,
  isRefused = false,
): Promise<{ child: ChildProcess; port: number; picklePort: number }> {
  const store = { flush: '700ms', retentions: [{ pattern: '', retentions: '1s:12h' }] };
  const env = shim && {
    ...{ LD_PRELOAD: shim.library, OPSBRO_CUT_ROOT: shim.root, OPSBRO_CUT_JOURNAL: shim.journals },
    ...(isRefused && { OPSBRO_CUT_REFUSE: '10' }),
    // The shim sees calls of the C library alone.
    ...{ UV_USE_IO_URING: '0' },
  };
  const child = fork(
    new URL('../bench/graphite-server-peer.js', import.meta.url),
    [JSON.stringify({ pickle: true, store }), root],
    { env: { ...process.env, ...env } },
  );
  const [first] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [
    { port?: number; picklePort?: number } | null,
  ];
  const { port, picklePort } = first ?? {};
  if (port === undefined || picklePort === undefined) throw new Error('the server does not start');
  return { child, port, picklePort };
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.send('stop');
  await ended;
}
