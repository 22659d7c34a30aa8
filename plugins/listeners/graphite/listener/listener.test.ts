import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashOf } from '../store/name-table.ts';
import { LeftOut } from './left-out.ts';
import { LineBuffer } from './line-buffer.ts';
import { LineParser } from './line-parser.ts';
import { readNumber } from './number.ts';
import { readPickle } from './pickle.ts';
import { PickleBuffer, PickleRoom } from './pickle-buffer.ts';
import { type LineCounts, noLines, type PointSink } from './point-sink.ts';

type Taken = [name: string, value: number, time: number];

function reader(): { parser: LineParser; sink: PointSink; taken: Taken[]; counts: LineCounts } {
  const taken: Taken[] = [];
  const sink = {
    seed: 1234,
    take(bytes: Buffer, from: number, to: number, hash: number, time: number, value: number): boolean {
      expect(hash).toBe(hashOf(1234, bytes, from, to));
      taken.push([bytes.toString('utf8', from, to), value, time]);
      return true;
    },
  };
  const counts = noLines();
  return { parser: new LineParser(sink, counts, () => 777), sink, taken, counts };
}

function readAll(text: string): { taken: Taken[]; counts: LineCounts } {
  const { parser, taken, counts } = reader();
  const bytes = Buffer.from(`${text}\n`);
  parser.read(bytes, 0, bytes.length, 'test');
  return { taken, counts };
}

describe('a line', () => {
  it.each<[string, Taken]>([
    ['a.b 1 100', ['a.b', 1, 100]],
    ['  a.b\t-1.25   100 \r', ['a.b', -1.25, 100]],
    ['a +3e2 100.9', ['a', 300, 100]],
    ['a .5 100', ['a', 0.5, 100]],
    ['a 5. 100', ['a', 5, 100]],
    ['a 0.1 100', ['a', 0.1, 100]],
    ['a 123456789.123456789 100', ['a', 123_456_789.123_456_79, 100]],
    ['a 3.141592653589793238 100', ['a', Math.PI, 100]],
    ['a 1e400 100', ['a', Number.NaN, 100]],
    ['a 1 -1', ['a', 1, 777]],
    ['a 1 -1.9', ['a', 1, 777]],
    ['ä;x=y 1 4294967295', ['ä;x=y', 1, 4_294_967_295]],
  ])('%j is read', (line, expected) => {
    const { taken, counts } = readAll(line);
    if (Number.isNaN(expected[1])) expect(counts.notFinite).toBe(1);
    else expect(taken).toEqual([expected]);
  });

  it.each([
    ['a 1', 'fields'],
    ['a', 'fields'],
    ['a 1 2 3', 'fields'],
    ['a x 100', 'value'],
    ['a 0x10 100', 'value'],
    ['a 1.2.3 100', 'value'],
    ['a - 100', 'value'],
    ['a 1 now', 'time'],
    ['a 1 0', 'time'],
    ['a 1 4294967296', 'time'],
    ['a 1 -5', 'time'],
    ['a nan 100', 'notFinite'],
    ['a -inf 100', 'notFinite'],
  ] as const)('%j costs itself alone, for its %s', (line, reason) => {
    const { taken, counts } = readAll(`before 1 2\n${line}\nafter 3 4`);
    expect(taken).toEqual([
      ['before', 1, 2],
      ['after', 3, 4],
    ]);
    expect(counts).toEqual({ ...noLines(), points: 2, [reason]: 1 });
  });

  it('that is left out is told of, the first at once, others once a minute with their number', () => {
    const told: string[] = [];
    let now = 0;
    const leftOut = new LeftOut({ now: () => 0, monotonic: () => now }, (message) => told.push(message));
    const { sink, counts } = reader();
    const parser = new LineParser(
      { ...sink, take: (...point) => point[2] > 3 && sink.take(...point) },
      counts,
      () => 777,
      leftOut,
    );
    const read = (text: string): void =>
      parser.read(Buffer.from(text), 0, Buffer.byteLength(text), '10.0.0.1');
    read('web.load 1,5 100\r\nweb.load 1 100\nmore 1\n');
    now = 59_999;
    read('x\n');
    expect(told).toEqual([
      "a line of 10.0.0.1 was left out, since its value is no number: 'web.load 1,5 100'",
    ]);
    now = 60_000;
    read(`\u001b[31m${'é'.repeat(200)} 1\n`);
    expect(told[1]).toMatch(
      /^a line of 10\.0\.0\.1 was left out, as 2 others were since the last that was told, since it is not a name, a value and a time: '\?\[31mé+�?'$/,
    );
    now = 120_000;
    read('a 1 100\n');
    expect(told[2]).toContain("since its name is none, or one too many, or there is no room: 'a 1 100'");
    expect(counts).toEqual({ ...noLines(), points: 1, value: 1, fields: 3, refused: 1 });
  });

  it('that is empty is none', () => {
    expect(readAll('\n\r\n  \n').counts).toEqual(noLines());
  });

  it('is read as by a reader that takes it apart as text', () => {
    const token = fc.oneof(
      fc.double().map(String),
      fc.integer().map(String),
      fc.stringMatching(/^[-+.0-9e_naif]{1,12}$/),
      fc.stringMatching(/^[!-~]{1,20}$/),
    );
    const line = fc.array(token, { minLength: 1, maxLength: 4 }).map((tokens) => tokens.join(' '));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
        expect(readAll(lines.join('\n')).taken).toEqual(lines.flatMap(plainly));
      }),
      { numRuns: 500 },
    );
  });
});

function plainly(line: string): Taken[] {
  const [name = '', value = '', time = '', ...more] = line.split(' ').filter((field) => field !== '');
  const [number, seconds] = [readNumber(value), readNumber(time)];
  if (time === '' || more.length > 0 || number === undefined || seconds === undefined) return [];
  const whole = Math.trunc(seconds);
  const at = whole === -1 ? 777 : whole;
  return Number.isNaN(number) || !(at >= 1 && at <= 2 ** 32 - 1) ? [] : [[name, number, at]];
}

describe('a pickle', () => {
  const points = [
    ['web.load', [100, 1.5]],
    ['web.count', [101.7, 7]],
    ['web.load', [102, -3_000_000_000_000]],
    ['web.now', [-1.5, 3]],
  ];
  const python = '/usr/bin/python3';
  const script =
    'import json,pickle,sys; p=[(n,tuple(v)) for n,v in json.loads(sys.argv[1])]; sys.stdout.buffer.write(pickle.dumps(p, int(sys.argv[2])))';
  const dump = (protocol: number): Buffer =>
    execFileSync(python, ['-c', script, JSON.stringify(points), String(protocol)]);

  it.skipIf(!existsSync(python)).each([0, 1, 2, 3, 4, 5])(
    'of protocol %d is read, cut anywhere',
    (protocol) => {
      const pickle = dump(protocol);
      const head = Buffer.alloc(4);
      head.writeUInt32BE(pickle.length);
      const bytes = Buffer.concat([head, pickle, head, pickle]);
      const { sink, taken, counts } = reader();
      const buffer = new PickleBuffer(sink, counts, () => 777, 'test', new PickleRoom(2 ** 22));
      for (let at = 0; at < bytes.length; at += 7) buffer.push(bytes.subarray(at, at + 7));
      const once: Taken[] = [
        ['web.load', 1.5, 100],
        ['web.count', 7, 101],
        ['web.load', -3_000_000_000_000, 102],
        ['web.now', 3, 777],
      ];
      expect(taken).toEqual([...once, ...once]);
      expect(counts).toEqual({ ...noLines(), points: 8 });
    },
  );

  it.each([
    ['code', "cos\nsystem\n(S'true'\ntR."],
    ['a class', '(i__main__\nA\n.'],
    ['a global by texts', '\x8c\x02os\x8c\x06system\x93.'],
    ['a set', '\x8f.'],
    ['no end', ']'],
    ['no mark', 't.'],
    ['nothing remembered', 'h\x01.'],
    ['nothing', '.'],
    ['a length beyond its end', 'X\xff\xff\xff\xff.'],
  ])('with %s is refused', (_, text) => {
    expect(() => readPickle(Buffer.from(text, 'latin1'))).toThrow();
  });

  it('never comes to anything but a list or an error, whatever its bytes', () => {
    const sample = existsSync(python) ? dump(2) : Buffer.from('].');
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(sample.length - 1), fc.nat(255)), { maxLength: 6 }), (changes) => {
        const bytes = Buffer.from(sample);
        for (const [at, byte] of changes) bytes[at] = byte;
        try {
          readPickle(bytes);
        } catch (error) {
          expect((error as Error).message).toMatch(/refused|no pickle|Memory/);
        }
      }),
    );
  });

  it('that never ends takes memory of what all connections share, and gives it back', () => {
    const room = new PickleRoom(100_000);
    const { sink, counts } = reader();
    const open = (): PickleBuffer => new PickleBuffer(sink, counts, () => 777, 'test', room);
    const begun = (): PickleBuffer => {
      const buffer = open();
      buffer.push(Buffer.from([0, 0x0f, 0, 0]));
      for (let index = 0; index < 40_000; index += 1) buffer.push(Buffer.from([index & 255]));
      return buffer;
    };
    const first = begun();
    expect(begun).toThrow('unfinished pickles');
    first.close();
    begun().close();
    expect(begun).not.toThrow();
  });

  it('of more than a megabyte is refused before it is read', () => {
    const { sink, counts } = reader();
    const buffer = new PickleBuffer(sink, counts, () => 777, 'test', new PickleRoom(2 ** 22));
    expect(() => buffer.push(Buffer.from([0, 0x20, 0, 0]))).toThrow('2097152 bytes');
  });
});

describe('a connection', () => {
  it('may cut its lines anywhere', () => {
    const text = Array.from(
      { length: 40 },
      (_, index) => `web.${index}.load ${index}.5 ${100 + index}\n`,
    ).join('');
    const expected = readAll(text).taken;
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 30 }), (cuts) => {
        const { parser, taken } = reader();
        const lines = new LineBuffer(parser, 'test');
        const places = [0, ...cuts.toSorted((one, other) => one - other), text.length];
        for (const [index, at] of places.entries())
          lines.push(Buffer.from(text.slice(at, places[index + 1] ?? text.length)));
        expect(taken).toEqual(expected);
      }),
    );
  });

  it('loses a line that is too long, and no other', () => {
    const { parser, taken, counts } = reader();
    const lines = new LineBuffer(parser, 'test');
    lines.push(Buffer.from('a 1 2\nb'));
    for (let index = 0; index < 5; index += 1) lines.push(Buffer.alloc(1000, 'x'));
    lines.push(Buffer.from('x 1 2\nc 3 4\nd 5'));
    expect(taken).toEqual([
      ['a', 1, 2],
      ['c', 3, 4],
    ]);
    expect(counts).toMatchObject({ points: 2, long: 1 });
  });
});
