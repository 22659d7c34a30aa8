import { expect, it } from 'vitest';
import type { Perfdatum } from '../../../alerting/model.ts';
import { perfdataText } from '../../../alerting/routing/perfdata-text.ts';
import { parsePerfdata } from '../../../exec/output/perfdata.ts';

const figure = (label: string, more: Partial<Perfdatum> = {}): Perfdatum => ({
  ...{ label, value: 1, unit: '', warn: null, crit: null, min: null, max: null },
  ...more,
});

it.each([
  [[], ''],
  [[figure('load1', { value: 0.5 })], 'load1=0.5'],
  [
    [figure('/var', { value: 93, unit: '%', warn: '80', crit: '@90:100', min: 0, max: 100 }), figure('n')],
    '/var=93%;80;@90:100;0;100 n=1',
  ],
  [[figure("it's free", { max: 5 })], "'it''s free'=1;;;;5"],
  [[figure('gone', { value: null, unit: 's', crit: '3' })], 'gone=U;;3'],
] as const)('writes %j as plugins do', (perfdata, text) => {
  expect(perfdataText(perfdata)).toBe(text);
});

it('writes what the reader of plugins reads back', () => {
  const perfdata = [figure('a b', { unit: 'B', warn: '~:5', min: 0 }), figure('c=d', { value: -0.25 })];
  expect(parsePerfdata(perfdataText(perfdata))).toMatchObject(
    perfdata.map(({ label, value, unit, min }) => ({ label, value, unit, min })),
  );
});

it('writes the first fifty', () => {
  const text = perfdataText(Array.from({ length: 60 }, (_, index) => figure(`f${index}`)));
  expect(text.split(' ')).toHaveLength(50);
});
