import fc from 'fast-check';
import { expect, it } from 'vitest';
import { labelsOf, Query } from './query.ts';

const header = [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
const name = [3, 87, 101, 98, 6, 111, 112, 115, 98, 114, 111, 0];
const sound = Buffer.from([...header, ...name, 0, 1, 0, 1]);

function changed(at: number, byte: number): Buffer {
  const bytes = Buffer.from(sound);
  bytes[at] = byte;
  return bytes;
}

/** The query with records beside the question. */
function withRecords(count: number, ...records: number[][]): Buffer {
  return Buffer.concat([changed(11, count), ...records.map((record) => Buffer.from(record))]);
}

const opt = [0, 0, 41, 4, 208, 0, 0, 0x80, 0, 0, 0];
const tsig = [0xc0, 12, 0, 250, 0, 255, 0, 0, 0, 0, 0, 1, 9];

it('reads name, type and class', () => {
  const query = new Query();
  expect(query.read(sound, sound.length)).toBe('query');
  expect(labelsOf(query.name.subarray(0, query.nameLength))).toEqual(['web', 'opsbro']);
  expect(query).toMatchObject({
    type: 1,
    class: 1,
    questionEnd: 28,
    hasEdns: false,
    udpSize: 512,
    isPlain: true,
  });
});

it.each([
  ['an OPT record', withRecords(1, opt), { hasEdns: true, udpSize: 1232, isDnssecOk: true }],
  ['a signature behind it', withRecords(2, opt, tsig), { hasEdns: true }],
  ['a size that nobody has', withRecords(1, [0, 0, 41, 0, 9, 0, 0, 0, 0, 0, 0]), { udpSize: 512 }],
])('reads %s', (_, bytes, expected) => {
  const query = new Query();
  expect(query.read(bytes, bytes.length)).toBe('query');
  expect(query).toMatchObject(expected);
});

it.each([
  ['an answer', changed(2, 0x81), 'drop'],
  ['half a header', sound.subarray(0, 11), 'drop'],
  ['another opcode', changed(2, 0x20), 'not-implemented'],
  ['65,535 questions', changed(4, 255), 'malformed'],
  ['an answer record', changed(7, 1), 'malformed'],
  ['an authority record', changed(9, 1), 'malformed'],
  ['three records beside it', changed(11, 3), 'malformed'],
  ['a record that is not there', changed(11, 1), 'malformed'],
  ['a pointer in the question', changed(12, 0xc0), 'malformed'],
  ['a label beyond the end', changed(12, 40), 'malformed'],
  ['a question that is cut', sound.subarray(0, 26), 'malformed'],
  ['bytes behind the end', Buffer.concat([withRecords(1, opt), Buffer.from([0])]), 'malformed'],
  ['two OPT records', withRecords(2, opt, opt), 'malformed'],
  ['an OPT record with a name', withRecords(1, [1, 97, ...opt]), 'malformed'],
  ['a record whose end is beyond', withRecords(1, [0, 0, 41, 0, 0, 0, 0, 0, 0, 0, 9]), 'malformed'],
  ['more than any query needs', Buffer.concat([sound, Buffer.alloc(1300)]), 'malformed'],
])('finds that %s is %s', (_, bytes, reading) => {
  expect(new Query().read(bytes as Buffer, (bytes as Buffer).length)).toBe(reading);
});

it.each([46, 0, 32, 200])('tells a label with the byte %i', (byte) => {
  const query = new Query();
  const bytes = changed(13, byte);
  expect([query.read(bytes, bytes.length), query.isPlain]).toEqual(['query', false]);
});

it('bears any bytes, and reads no further than they are', () => {
  const query = new Query();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, hasHeader) => {
      const tried = hasHeader
        ? Uint8Array.from([...header.slice(0, 11), (bytes[0] ?? 0) % 3, ...bytes])
        : bytes;
      if (query.read(tried, tried.length) === 'query')
        expect(query.questionEnd).toBeLessThanOrEqual(tried.length);
    }),
    { numRuns: 300 },
  );
});
