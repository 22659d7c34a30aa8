import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Host, Service } from './hosts.ts';
import { commandLine, hostResult, pipeBytes, resultsOf, serviceResult } from './results.ts';

const host: Host = {
  uuid: 'u1',
  name: 'web',
  alias: 'web',
  address: '10.0.0.1',
  labels: ['agent', 'opsbro'],
  state: 'alive',
  since: 0,
  isKnown: true,
  services: [],
};
const service: Service = { name: 'Agent-load', code: 2, output: 'load is 42', perfdata: 'load1=42;10;20;0' };

it('tells what a check said, with its figures', () => {
  const result = serviceResult('u1', service);
  expect(result).toEqual({
    key: 'u1;Agent-load',
    command: 'PROCESS_SERVICE_CHECK_RESULT;u1;Agent-load;2;load is 42|load1=42;10;20;0',
  });
  expect(commandLine(result as never, 1_700_000_000_999)).toMatch(/^\[1700000000\] PROCESS_[^\n]+\n$/);
  expect(serviceResult('u1', { ...service, code: null })).toBeNull();
  expect(serviceResult('u1', { ...service, output: '', perfdata: '' })?.command).toMatch(/;2;\(no output\)$/);
});

it('writes several lines as one, with what would mean something else taken out', () => {
  const output = ' bad: $USER1$ | `id`\r\nC:\\new\nthird\t|a=1 ';
  expect(serviceResult('u1', { ...service, output, perfdata: "'a|b'=1\nc=$2" })?.command).toBe(
    "PROCESS_SERVICE_CHECK_RESULT;u1;Agent-load;2;bad: _USER1_ / 'id'\\nC:/new\\nthird /a=1|'a_b'=1 c=_2",
  );
});

it('tells DOWN of the dead, UP of the living, and nothing of who is suspect or left', () => {
  const told = (state: Host['state']) => hostResult({ ...host, state })?.command;
  expect(told('alive')).toMatch(/^PROCESS_HOST_CHECK_RESULT;u1;0;/);
  expect(told('dead')).toMatch(/^PROCESS_HOST_CHECK_RESULT;u1;1;/);
  expect([told('suspect'), told('leave')]).toEqual([undefined, undefined]);
  const keys = (state: Host['state']) =>
    resultsOf({ ...host, state, services: [service] }).map(({ key }) => key);
  expect([keys('alive'), keys('suspect'), keys('dead'), keys('leave')]).toEqual([
    ['u1', 'u1;Agent-load'],
    ['u1;Agent-load'],
    ['u1'],
    [],
  ]);
});

it('keeps every line within what a pipe takes in one piece, and figures whole', () => {
  const long = fc.string({ unit: 'grapheme', maxLength: 3000 });
  const many = fc
    .array(fc.nat(), { maxLength: 900 })
    .map((all) => all.map((n, at) => `f${at}=${n}`).join(' '));
  fc.assert(
    fc.property(long, many, (output, perfdata) => {
      const result = serviceResult('u'.repeat(128), { ...service, output, perfdata });
      const line = commandLine(result as never, 1_700_000_000_000);
      expect(Buffer.byteLength(line)).toBeLessThanOrEqual(pipeBytes);
      expect(line).not.toContain('\ufffd');
      const kept = line.trimEnd().split('|')[1] ?? '';
      expect(
        perfdata
          .split(' ')
          .slice(0, kept === '' ? 0 : kept.split(' ').length)
          .join(' '),
      ).toBe(kept);
    }),
    { numRuns: 40 },
  );
});
