import { expect, it } from 'vitest';
import { matchedBy, refuseUnknownNames } from '../../../alerting/suppression/matched.ts';
import { parseMatchers } from '../../../alerting/suppression/matcher.ts';
import { check } from './facts.ts';

const checks = ['load', 'disks', 'memory', 'cpu', 'swap', 'time'].map((name) => check(name, { state: 'ok' }));

it.each([
  ['disks', { count: 1, first: ['disks'] }],
  ['check=~"d.*|swap"', { count: 2, first: ['disks', 'swap'] }],
  ['state=critical', { count: 6, first: ['cpu', 'disks', 'load', 'memory', 'swap'] }],
  ['pack=none', { count: 0, first: [] }],
  [['disks', 'memory'], { count: 2, first: ['disks', 'memory'] }],
  [['disks', 'check=linux/check/memory', 'pack=linux'], { count: 2, first: ['disks', 'memory'] }],
  [['disks', 'memory', 'pack=none'], { count: 0, first: [] }],
  [['disks', 'memory', 'check!=memory'], { count: 1, first: ['disks'] }],
])('says which checks %j is for', (match, found) => {
  expect(matchedBy(parseMatchers([match].flat()), checks)).toEqual(found);
});

it('counts no check that does not run here, and knows its name', () => {
  const idle = checks.map((one) => ({ ...one, isIdle: one.name === 'disks' }));
  expect(matchedBy(parseMatchers(['check=~"d.*|swap"']), idle)).toEqual({ count: 1, first: ['swap'] });
  refuseUnknownNames('disks', idle);
});

it.each([['disk'], [['pack=linux', 'disk']], ['linux/check/disk']])(
  'refuses %j, which is no check',
  (match) => {
    expect(() => refuseUnknownNames(match, checks)).toThrow(/^no check '.*disk' \(write 'check=/);
  },
);

it.each([[undefined], ['check=disk'], ['Disks'], [['linux/check/disks', 'pack=x']]])('takes %j', (match) => {
  refuseUnknownNames(match, checks);
});
