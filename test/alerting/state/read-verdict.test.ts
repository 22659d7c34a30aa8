import type { Json } from 'opsbro/sdk';
import { expect, it } from 'vitest';
import { readVerdict } from '../../../alerting/state/read-verdict.ts';

it('reads text, long text and figures of a verdict', () => {
  const metrics = {
    time: { value: 0.5, unit: 's', warning: '1', critical: '~:2', min: 0, max: 10 },
    lost: { value: null },
    broken: { value: 'many' },
    none: 7,
  };
  expect(readVerdict({ state: 'warning', output: 'slow\nfirst\nsecond', metrics })).toEqual({
    state: 'warning',
    output: 'slow',
    longOutput: 'first\nsecond',
    perfdata: [
      { label: 'time', value: 0.5, unit: 's', warn: '1', crit: '~:2', min: 0, max: 10 },
      { label: 'lost', value: null, unit: '', warn: null, crit: null, min: null, max: null },
    ],
  });
});

it('reads a verdict without figures', () => {
  expect(readVerdict({ state: 'ok', output: 'fine' })).toEqual({
    state: 'ok',
    output: 'fine',
    longOutput: '',
    perfdata: [],
  });
});

it('keeps as many figures as are kept of a Nagios plugin', () => {
  const metrics = Object.fromEntries(Array.from({ length: 3000 }, (_, n) => [`m${n}`, { value: n }]));
  expect(readVerdict({ state: 'ok', output: '', metrics }).perfdata).toHaveLength(2000);
});

it.each<[Json]>([
  [null],
  ['ok'],
  [[]],
  [{ state: 'ok' }],
  [{ state: 'fine', output: '' }],
  [{ state: 'pending', output: '' }],
  [{ state: 'ok', output: 7 }],
])('says of %j that it is no verdict', (value) =>
  expect(readVerdict(value)).toMatchObject({ state: 'unknown', error: { code: 'OPSBRO_PLUGIN_RESULT' } }),
);
