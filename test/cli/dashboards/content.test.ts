import { expect, it } from 'vitest';
import { dashboardOf, isSplit } from '../../../cli/dashboards/content.ts';
import { placeWidgets } from '../../../cli/dashboards/layout.ts';
import { amountText, levelOf, readingOf } from '../../../cli/dashboards/reading.ts';
import { sample } from './sample.ts';

const [donut, , , text] = sample.widgets;

it('reads splits and widgets', () => {
  expect(sample).toMatchObject({ pack: 'demo', name: 'shop', title: 'The shop' });
  expect(isSplit(sample.content)).toBe(true);
  expect(sample.widgets.map(({ kind }) => kind)).toEqual([
    'donut',
    'horizontal_gauge',
    'horizontal_chart',
    'text',
  ]);
});

it('makes a text of what cannot be drawn', () => {
  const { widgets } = dashboardOf('a/dashboard/b', { content: { pie: { value: '1' } } });
  expect(widgets).toMatchObject([{ kind: 'text', value: `"'pie' cannot be drawn"` }]);
});

it('gives every place to one widget, whatever the size', () => {
  for (let width = 24; width < 90; width += 7)
    for (let height = 13; height < 50; height += 3) {
      const taken = new Set<string>();
      const places = placeWidgets(sample.content, { x: 0, y: 0, width, height }, () => 2) ?? [];
      expect(places).toHaveLength(4);
      for (const { area } of places)
        for (let x = area.x; x < area.x + area.width; x += 1)
          for (let y = area.y; y < area.y + area.height; y += 1) {
            expect(x < width && y < height && !taken.has(`${x},${y}`)).toBe(true);
            taken.add(`${x},${y}`);
          }
    }
});

it('has no place for frames on a small screen', () => {
  expect(placeWidgets(sample.content, { x: 0, y: 0, width: 23, height: 40 }, () => 1)).toBeNull();
  expect(placeWidgets(sample.content, { x: 0, y: 0, width: 80, height: 12 }, () => 1)).toBeNull();
});

it.each([
  [42.4, '%', '42 %'],
  [0.421, '', '0.421'],
  [1_234_567, 'cmd/s', '1.23M cmd/s'],
  [1_572_864, 'bytes/s', '1.5 MiB/s'],
  [null, '%', '-'],
])('writes %d %s as %s', (number, unit, expected) => {
  expect(amountText(number, unit)).toBe(expected);
});

it('takes a lower critical limit for a lower one', () => {
  const levels = (warning: number, critical: number): string[] =>
    [95, 75, 55].map((number) => levelOf({ ...donut!, warning, critical }, number));
  expect(levels(70, 90)).toEqual(['critical', 'warning', 'ok']);
  expect(levels(80, 60)).toEqual(['ok', 'warning', 'critical']);
  expect(levelOf(text!, 3)).toBe('none');
});

it.each([
  [
    { ok: true, value: true, text: 'True' },
    { number: 1, error: null },
  ],
  [
    { ok: true, value: null, text: 'None' },
    { number: null, text: '', error: null },
  ],
  [
    { ok: true, value: 'many', text: 'many' },
    { number: null, error: 'many is no number' },
  ],
  [
    { ok: false, value: null, text: '', error: { code: 'OPSBRO_EXPRESSION_VALUE', message: 'no' } },
    { number: null, error: 'no' },
  ],
])('reads %j', (view, expected) => {
  expect(readingOf(donut!, { missing: [], error: null, ...view })).toMatchObject(expected);
});
