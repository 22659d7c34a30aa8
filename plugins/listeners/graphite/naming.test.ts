import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { cleanStep, metricsOf, stepsOf, stepsOfNamed } from './naming.ts';

const six = (text: string): string => createHash('sha1').update(text).digest('hex').slice(0, 6);

it.each([
  ['load1', 'load1'],
  ['/var/log', '_var_log'],
  ['eth0.100', 'eth0_100'],
  ['% used', '__used'],
  ['a;b={c,d}*', 'a_b__c_d__'],
  ['', '_'],
  ['ä', '_'],
  ['x'.repeat(300), 'x'.repeat(200)],
])('cleans %j to %j', (text, expected) => {
  expect(cleanStep(text)).toBe(expected);
});

it('tells originals apart that become the same', () => {
  expect(stepsOf(['a/b', 'a.b', 'c'])).toEqual([`a_b~${six('a/b')}`, `a_b~${six('a.b')}`, 'c']);
  expect(stepsOf(['a_b', 'a.b'])).toEqual(['a_b', `a_b~${six('a.b')}`]);
});

it('tells things of one name apart by their ids', () => {
  const all = ['web/check/disk', 'db/check/disk', 'db/check/a.b'].map((id) => ({
    id,
    name: id.split('/')[2] ?? '',
  }));
  expect(stepsOfNamed(all)).toEqual([`disk~${six('web/check/disk')}`, `disk~${six('db/check/disk')}`, 'a_b']);
});

it('names every number of a tree', () => {
  const tree = {
    load1: 0.5,
    '/': { used: 3, label: 'root', flags: [1] },
    up: true,
    deep: { er: { est: 1 } },
  };
  expect(metricsOf('web1.disk', tree)).toEqual([
    ['web1.disk.load1', 0.5],
    ['web1.disk._.used', 3],
    ['web1.disk.deep.er.est', 1],
  ]);
});
