import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { installOriginalStatsd, originalStatsd } from '../../../test/bench/statsd-original-peer.ts';
import { freePort } from '../../../test/free-port.ts';
import { NameTable } from './grammar/name-table.ts';
import { Parser } from './grammar/parser.ts';
import { aggregates } from './interval/batch.ts';
import { Columns } from './interval/columns.ts';
import { OriginalsOwn } from './originals-own.ts';

const isRequired = process.env.OPSBRO_TEST_REQUIRE === 'all';
const original = isRequired ? await installOriginalStatsd() : originalStatsd();
if (isRequired && original === undefined) throw new Error('statsd cannot be installed');

const lines = 100_000;
const percentiles = [90, 99.5, 50, -10];
const intervalSeconds = 3600;
/** How long something took, how much text it made, and in how many packets lines came. */
const passing = /statsd\.(graphiteStats\.|processing_time|packets_received)/;

it.skipIf(original === undefined)('computes what the original does of 100,000 lines', async () => {
  const capture = captured(lines);
  const theirs = await ofTheOriginal(original!, capture);
  const ours = ofOurs(capture);
  expect(theirs.size).toBeGreaterThan(1000);
  expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort());
  expect([...ours].filter(([name, value]) => value !== theirs.get(name))).toEqual([]);
});

/** Lines of every kind that both know, bad ones among them; the same ones each time. */
function captured(count: number): string[] {
  let state = 20_261_129;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
  const pick = <One>(of: One[]): One => of[random(of.length)]!;
  const name = (): string => `app${random(5)}.${pick(['web', 'db', 'a b', 'c/d', 'x(y)'])}.m${random(40)}`;
  const line = (): string => {
    const tags = random(10) === 0 ? `|#env:${pick(['prod', 'test'])},host:h${random(3)}` : '';
    switch (random(12)) {
      case 0:
      case 1:
        return `${name()}:${random(1000) / pick([1, 10, 8])}|g${tags}`;
      case 2:
        return `${name()}:${pick(['+', '-'])}${random(100)}|g`;
      case 3:
        return `users.${name()}:u${random(500)}|s`;
      case 4:
      case 5:
      case 6:
        return `t.${name()}:${random(1e6) / pick([1, 1000, 7])}|ms${pick(['', '', '|@0.1', '|@0.25'])}${tags}`;
      case 7:
        return `c.${name()}:1|c:2|c|@0.5:3|c`;
      case 8:
        return pick([`${name()}`, `${name()}:1`, `${name()}:x|c`, `${name()}:1|c|0.1`, `${name()}:-1|ms`]);
      default:
        return `c.${name()}:${pick(['1', '2', '-3', '1.5', '1e3'])}|c${pick(['', '|@0.1', '|@0.3'])}${tags}`;
    }
  };
  return Array.from({ length: count }, line);
}

function ofOurs(capture: string[]): Map<string, number> {
  const table = new NameTable({ names: 100_000, chars: 1e8 });
  const columns = new Columns(table);
  const parser = new Parser(table, columns, () => undefined);
  for (let at = 0; at < capture.length; at += 10)
    parser.packet(Buffer.from(capture.slice(at, at + 10).join('\n')));
  const own = new OriginalsOwn(parser.counts, intervalSeconds);
  const rules = { naming: 'statsd', intervalSeconds, percentiles } as const;
  const work = aggregates(columns.take(true), rules, { shown: 0, chars: 2 ** 24 });
  for (;;) {
    const step = work.next();
    if (step.done) return pointsOf(own.added(step.value, 0, 0).lines);
  }
}

function pointsOf(text: string): Map<string, number> {
  const points = text
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .map(([name = '', value = '']): [string, number] => [name, Number(value)]);
  // Times, what lines came in by, and what is no number, is not compared.
  return new Map(
    points
      .map(([name, value]) => [name, passing.test(name) ? 0 : value] as const)
      .filter(([, value]) => !Number.isNaN(value)),
  );
}

/** What the original's own Graphite backend sends as it ends; over TCP, so that nothing is lost before. */
async function ofTheOriginal(folder: string, capture: string[]): Promise<Map<string, number>> {
  const scratch = mkdtempSync(join(tmpdir(), 'opsbro-statsd-'));
  const [port, management] = [await freePort(), await freePort()];
  const sent = join(scratch, 'sent');
  // A process that exits sends nothing more, so its connection is one that writes to a file.
  writeFileSync(
    join(scratch, 'to-file.js'),
    `const { writeFileSync } = require('node:fs');
    require('node:net').createConnection = () => ({
      addListener() {},
      on(event, listener) { if (event === 'connect') listener.call(this); },
      write(text) { writeFileSync(${JSON.stringify(sent)}, text); },
      end() {},
    });
    let left = ${capture.length};
    exports.init = (_, config, events) => {
      events.on('packet', (packet) => {
        left -= packet.toString().trim().split('\\n').length;
        if (left === 0) setImmediate(() => process.exit());
      });
      return true;
    };`,
  );
  const configuration = {
    servers: [{ server: './servers/tcp', address: '127.0.0.1', port }],
    ...{ mgmt_address: '127.0.0.1', mgmt_port: management },
    ...{ flushInterval: intervalSeconds * 1000, percentThreshold: percentiles, graphiteHost: '127.0.0.1' },
    backends: [join(scratch, 'to-file.js'), './backends/graphite'],
  };
  writeFileSync(join(scratch, 'config.js'), JSON.stringify(configuration));
  const child = spawn(process.execPath, ['stats.js', join(scratch, 'config.js')], {
    cwd: folder,
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  try {
    await expect.poll(() => isUp(management)).toBe(true);
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    await once(socket, 'connect');
    socket.write(`${capture.join('\n')}\n`);
    await ended;
    socket.destroy();
  } finally {
    child.kill();
  }
  const text = readFileSync(sent, 'utf8');
  rmSync(scratch, { recursive: true });
  return pointsOf(text);
}

async function isUp(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
