import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readCommand } from './command.ts';
import { CommandLines, maxLineBytes } from './command-lines.ts';

const service = 'PROCESS_SERVICE_CHECK_RESULT';
const host = 'PROCESS_HOST_CHECK_RESULT';

it.each([
  [
    `[1700000000] ${service};web1;disk;1;93% ; full|/=93%`,
    { host: 'web1', service: 'disk', code: 1, output: '93% ; full|/=93%' },
  ],
  [` [1] ${service};web1;a b;-1;`, { host: 'web1', service: 'a b', code: -1, output: '' }],
  [`[1] ${host};web1;2;unreachable`, { host: 'web1', service: null, code: 2, output: 'unreachable' }],
  [`[1] PROCESS_SERV[2] ${host};web1;0;up`, { host: 'web1', service: null, code: 0, output: 'up' }],
  [
    `[1] ${service};web1;di[2] ${service};web2;disk;0;up`,
    { host: 'web2', service: 'disk', code: 0, output: 'up' },
  ],
])('reads %j', (line, result) => {
  expect(readCommand(line)).toEqual({ result });
});

it.each([
  ['[1] DISABLE_NOTIFICATIONS', { unknown: 'DISABLE_NOTIFICATIONS' }],
  ['[1] ADD_HOST_COMMENT;web1;1;me;text', { unknown: 'ADD_HOST_COMMENT' }],
  [`[1] ADD_SVC_COMMENT;web1;disk;1;me;[1] ${service};web1;disk;0;up`, { unknown: 'ADD_SVC_COMMENT' }],
  [`[1] ${service};web1;disk;1`, 'malformed'],
  [`[1] ${service};web1;disk;bad;text`, 'malformed'],
  [`[1] ${host};web1`, 'malformed'],
  [`${service};web1;disk;1;no time`, 'malformed'],
  ['hello', 'malformed'],
])('finds no result in %j', (line, expected) => {
  expect(readCommand(line)).toEqual(expected);
});

it('never throws, whatever a line is', () => {
  const word = fc.constantFrom('[1] ', service, host, ';', 'a', '0', '\n', '[', ' ');
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.string()), { maxLength: 40 }), (words) => {
      const read = readCommand(words.join(''));
      expect(read === 'malformed' || 'unknown' in read || Number.isInteger(read.result.code)).toBe(true);
    }),
  );
});

it('gives the same lines in whatever parts they come, and passes over what is too long', () => {
  const line = fc.oneof(
    fc.string({ unit: fc.constantFrom('a', ';', 'ü'), minLength: 1, maxLength: 40 }),
    fc.constant('x'.repeat(maxLineBytes + 1)),
  );
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat(5000)), (lines, cuts) => {
      const bytes = Buffer.from(lines.map((one) => `${one}\n`).join(''));
      const taken: string[] = [];
      let tooLong = 0;
      const stream = new CommandLines(
        (one) => taken.push(one),
        () => {
          tooLong += 1;
        },
      );
      let from = 0;
      for (const cut of [...cuts, bytes.length]) {
        stream.push(bytes.subarray(from, from + cut));
        from += cut;
      }
      expect(taken).toEqual(lines.filter((one) => one.length <= maxLineBytes));
      expect([tooLong, stream.waiting]).toEqual([lines.length - taken.length, 0]);
    }),
  );
});
