import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Columns } from '../interval/columns.ts';
import type { Notice } from './events.ts';
import { kindNames } from './kinds.ts';
import { NameTable } from './name-table.ts';
import { maxPacketBytes, Parser } from './parser.ts';

function open(names = 1000) {
  const table = new NameTable({ names, chars: 1e6 });
  const columns = new Columns(table);
  const notices: Notice[] = [];
  const parser = new Parser(table, columns, (notice) => notices.push(notice));
  const take = (...packets: string[]): string[] => {
    for (const packet of packets) parser.packet(Buffer.from(packet));
    const taken = columns.take(false);
    return taken.bases.map((base, place) => {
      const of = kindNames[taken.kinds[place]!];
      const value =
        of === 'set'
          ? [...(taken.sets.get(place) ?? [])].join()
          : of === 'gauge'
            ? taken.last[place]
            : taken.sums[place];
      const values = [...taken.timers.values.subarray(0, taken.timers.length)];
      const own = values.filter((_, at) => taken.timers.owners[at] === place);
      return `${of} ${base}${taken.tags[place]} ${of === 'timer' ? `${own.join()} of ${taken.counts[place]}` : value}`;
    });
  };
  const bad = () =>
    Object.entries(parser.counts.bad).flatMap(([reason, count]) => (count > 0 ? [`${reason} ${count}`] : []));
  return { table, parser, notices, take, bad };
}

it.each<[string, string[]]>([
  ['a:1|c', ['counter a 1']],
  ['a.b-c_d:1.5|c\n', ['counter a.b-c_d 1.5']],
  ['a:1|c\nb:2|c\r\n\na:3|c', ['counter a 4', 'counter b 2']],
  ['a:1|c|@0.1', ['counter a 10']],
  ['a:1e2|c|@1e-1', ['counter a 1000']],
  ['a:-3|c', ['counter a -3']],
  ['a:123456789012345678|c', ['counter a 123456789012345680']],
  ['a:5|g\na:+2|g\na:-3.5|g', ['gauge a 3.5']],
  ['a:-3|g', ['gauge a -3']],
  ['a:3|ms\na:1|h|@0.5\na:2|d', ['timer a 3,1,2 of 4']],
  ['a:x|s\na:y|s\na:x|s\na:7|s', ['set a x,y,7']],
  ['a:2|m', ['meter a 2']],
  ['a:1:2:3|ms|@0.5|#k:v', ['timer a;k=v 1,2,3 of 6']],
  ['a:1|c:2|c|@0.5:3|ms', ['counter a 5', 'timer a 3 of 1']],
  ['a:1|c|#z:1,b:2,flag', ['counter a;b=2;flag=true;z=1 1']],
  ['a:1|c|#b:2,z:1\na:1|c|#z:1,b:2', ['counter a;b=2;z=1 2']],
  ['a;z=1;b=2:1|c', ['counter a;b=2;z=1 1']],
  ['a:1|c|#b:2|c:abc123|T1656581400', ['counter a;b=2 1']],
  ['a:1|c|c:abc123', ['counter a 1']],
  ['a:1|g|T1656581400', ['gauge a 1']],
  ['some name/with:1|c', ['counter some_name-with 1']],
  ['__proto__:1|c\nconstructor:2|g', ['counter __proto__ 1', 'gauge constructor 2']],
])('reads %j', (packet, expected) => {
  const { take, bad } = open();
  // Twice: a spelling that is known is read in another way.
  expect(take(packet)).toEqual(expected);
  const again = take(packet);
  expect(again.map((line) => line.split(' ', 2).join(' '))).toEqual(
    expected.map((line) => line.split(' ', 2).join(' ')),
  );
  expect(bad()).toEqual([]);
});

it.each([
  ['a', 'no_value 1'],
  ['a:1', 'bad_type 1'],
  ['a:1|', 'bad_type 1'],
  ['a:1|x', 'bad_type 1'],
  ['a:1|cc', 'bad_type 1'],
  [':1|c', 'bad_name 1'],
  ['()é:1|c', 'bad_name 1'],
  [`${'a'.repeat(256)}:1|c`, 'bad_name 1'],
  ['a:|c', 'bad_value 1'],
  ['a:1.2.3|c', 'bad_value 1'],
  ['a:0x10|c', 'bad_value 1'],
  ['a:NaN|g', 'bad_value 1'],
  ['a:Infinity|g', 'bad_value 1'],
  ['a:1e999|g', 'bad_value 1'],
  ['a:-1|ms', 'bad_value 1'],
  ['a:1|c|@0', 'bad_rate 1'],
  ['a:1|c|@1.5', 'bad_rate 1'],
  ['a:1|c|@-1', 'bad_rate 1'],
  ['a:1|c|0.5', 'bad_rate 1'],
  ['_e{5,4}:x', 'bad_event 1'],
  ['_sc|x|9', 'bad_event 1'],
  ['a'.repeat(maxPacketBytes + 1), 'long_packet 1'],
])('counts %j as bad and takes nothing of it', (packet, reason) => {
  const { take, bad } = open();
  expect(take(packet)).toEqual([]);
  expect(bad()).toEqual([reason]);
  expect(take('b:1|c')).toEqual(['counter b 1']);
});

it('lets a bad line or value cost nothing but itself', () => {
  const { take, bad } = open();
  expect(take('a:1|c\nnonsense\nb:1|c:x|c:2|c')).toEqual(['counter a 1', 'counter b 3']);
  expect(bad()).toEqual(['no_value 1', 'bad_value 1']);
});

it('takes no more names than it may', () => {
  const { take, bad, table } = open(3);
  expect(take('a:1|c\na:1|g\nb:1|c\nc:1|c\na:1|c\nd:1|s')).toEqual([
    'counter a 2',
    'gauge a 1',
    'counter b 1',
  ]);
  expect(bad()).toEqual(['too_many_names 2']);
  expect(table.size).toBe(3);
});

it('tells events and service checks', () => {
  const { take, notices } = open();
  take(
    '_e{5,9}:tïtl|text\\nmor|d:1656581400|h:web|p:low|t:error|#a:b,c\n_sc|db.up|2|h:web|#a:b|m:no route|to it',
  );
  expect(notices).toEqual([
    {
      topic: 'event',
      data: {
        title: 'tïtl',
        text: 'text\nmor',
        priority: 'low',
        alert_type: 'error',
        at: 1656581400,
        host: 'web',
        tags: ['a:b', 'c'],
      },
    },
    {
      topic: 'service-check',
      data: {
        name: 'db.up',
        status: 2,
        state: 'critical',
        host: 'web',
        message: 'no route|to it',
        tags: ['a:b'],
      },
    },
  ]);
});

it('reads whatever comes without an error, and the same however often', () => {
  const piece = fc.constantFrom(
    'a',
    'b.c',
    ':',
    '|',
    '@',
    '#',
    '\n',
    '1',
    '0.5',
    '-',
    '+',
    'c',
    'g',
    'ms',
    's',
    '_e{1,1}:',
    '_sc|',
    'é',
    ';',
    '=',
    ',',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const { take } = open(20);
      const packet = pieces.join('');
      const first = take(packet).map((line) => line.replace(/ \S*( of \S+)?$/, ''));
      const again = take(packet).map((line) => line.replace(/ \S*( of \S+)?$/, ''));
      expect(again).toEqual(first);
    }),
    { numRuns: 2000 },
  );
});

it('finds names again after it forgot some', () => {
  const { table } = open();
  for (let index = 0; index < 5000; index += 1) table.intern(0, `n${index}`, '');
  expect(table.size).toBe(1000);
  const kept = table.compact((slot) => slot % 2 === 1);
  expect(kept.length).toBe(500);
  expect(table.intern(0, 'n3', '')).toBe(1);
  expect(table.intern(0, 'n2', '')).toBe(500);
});

it('keeps of a line no more than a name and a member', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const { table, parser } = open(5000);
  const rest = 'x'.repeat(8000);
  const held = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = held();
  for (let index = 0; index < 4000; index += 1) {
    parser.packet(Buffer.from(`a.name.that.is.long.${index}:1|c|c:${rest}`));
    parser.packet(Buffer.from(`set:a member that is long ${index}|s|c:${rest}`));
  }
  expect(table.size).toBe(4001);
  expect(held() - before).toBeLessThan(16 * 2 ** 20);
});
