import { type Dashboard, dashboardOf, type Widget } from '../../../cli/dashboards/content.ts';
import type { Reading, Readings, Shown } from '../../../cli/dashboards/reading.ts';
import type { Values } from '../../../cli/series.ts';

/** A dashboard with a widget of each kind. */
export const sample: Dashboard = dashboardOf('demo/dashboard/shop', {
  title: 'The shop',
  content: {
    vertical_split: [
      {
        horizontal_split: [
          { donut: { title: 'Stock', unit: '%', value: 'a', warning: 60, critical: 90 } },
          { horizontal_gauge: { title: 'Waiting', unit: 'orders', value: 'b', max: 40 } },
        ],
      },
      { horizontal_chart: { title: 'Sent', unit: 'bytes/s', value: 'c' } },
      { text: { title: 'Now', value: 'd' } },
    ],
  },
});

const none: Reading = { value: null, number: null, text: '', missing: [], error: null };

/** What was read of the sample, unless `others` say otherwise of a widget by its title. */
export function readings(others: { [title: string]: Partial<Reading> } = {}): Readings {
  const known: { [title: string]: [Partial<Reading>, Values] } = {
    Stock: [{ value: 62, number: 62, text: '62' }, []],
    Waiting: [{ value: 13, number: 13, text: '13' }, []],
    Sent: [{ value: 3_000_000, number: 3_000_000, text: '3000000' }, wave],
    Now: [{ value: 'open\n3 at the desk', text: 'open\n3 at the desk' }, []],
  };
  return new Map(
    sample.widgets.map((widget: Widget): [Widget, Shown] => {
      const [reading, values] = known[widget.title] ?? [{}, []];
      return [widget, { reading: { ...none, ...reading, ...others[widget.title] }, values }];
    }),
  );
}

const wave = Array.from({ length: 200 }, (_, at) => 1_500_000 * (1 + Math.sin(at / 12)));
