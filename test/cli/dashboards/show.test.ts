import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasPty, openSession, type Session } from '../screen/pty.ts';
import { root, Workplace } from '../workplace.ts';

const id = 'demo/dashboard/shop';
const content = {
  vertical_split: [
    { horizontal_gauge: { title: 'Waiting', unit: '%', value: 'waiting' } },
    { horizontal_chart: { title: 'Sent', unit: '%', value: '{{collector.shop.sent}} * 2' } },
    { text: { title: 'Now', value: 'now' } },
  ],
};
const series = { target: 'web.shop.sent', datapoints: [] as [number, number][] };

let place: Workplace;
let looks: number;
let title: string;
let asked: { expression: string; as: string }[];

function evaluated({ expression, as }: { expression: string; as: string }): object {
  asked.push({ expression, as });
  const none = { ok: true, missing: [], error: null };
  if (expression.startsWith('[')) {
    const rows = expression.match(/\(\d+,\)/g) ?? [];
    return { ...none, text: '', value: rows.map((row) => Number.parseInt(row.slice(1), 10) * 2) };
  }
  if (expression === 'now') return { ...none, value: 'open', text: 'open' };
  if (expression === 'waiting') looks += 1;
  return { ...none, value: 10 + looks, text: `${10 + looks}` };
}

beforeEach(async () => {
  place = new Workplace();
  [looks, asked] = [0, []];
  title = 'The shop';
  const keys = () => Object.entries({ title, content }).map(([key, value]) => ({ key, value }));
  await place.agent({
    '/api/v1/config/running': [
      { id },
      { id: 'demo/check/shop' },
      { id: 'other/dashboard/twice' },
      { id: 'demo/dashboard/twice' },
    ],
    [`/api/v1/config/objects/${id}`]: () => [{ id, keys: keys() }],
    '/api/v1/agent': { name: 'web' },
    '/api/v1/collectors/shop': { name: 'shop', interval: 10, results: { sent: 5 } },
    '/render?format=json&until=now&from=-5000s&target=web.shop.sent': [series],
    'POST /api/v1/evaluator/eval': evaluated,
  });
  const now = Math.floor(Date.now() / 1000);
  series.datapoints = Array.from({ length: 500 }, (_, at) => [at % 40, now - 5000 + at * 10]);
});

afterEach(() => place.dispose());

describe('without a terminal', () => {
  it('prints text once', async () => {
    const { code, out } = await place.opsbro(['dashboards', 'show', 'shop']);
    expect(code).toBe(0);
    expect(out).toBe(
      'The shop\n  Waiting  [##------------------]  11 %\n  Sent     11 % (0 to 78)\n  Now      open\n',
    );
    expect(asked.every(({ as }) => as === id)).toBe(true);
  });

  it('prints JSON with what the store knows of before', async () => {
    const { out } = await place.opsbro(['dashboards', 'show', id, '--json']);
    const { widgets, ...view } = JSON.parse(out);
    expect(view).toMatchObject({ id, pack: 'demo', name: 'shop', title: 'The shop' });
    expect(widgets).toMatchObject([
      { kind: 'horizontal_gauge', title: 'Waiting', unit: '%', value: 11, error: null },
      { kind: 'horizontal_chart', value: 11 },
      { kind: 'text', value: 'open' },
    ]);
    const { values } = widgets[1];
    expect(values.at(-1)).toBe(11);
    expect(values.length).toBeGreaterThan(400);
    expect(Math.max(...values)).toBe(78);
  });

  it('prints as often as it is asked to', async () => {
    const line = ['dashboards', 'show', 'shop', '--json', '--occurences', '2', '--interval', '500ms'];
    const { out } = await place.opsbro(line);
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((text) => JSON.parse(text).widgets[0].value),
    ).toEqual([11, 12]);
  });

  it.each([
    [['shopp'], "no dashboard 'shopp'; did you mean 'shop'?"],
    [['twice'], "dashboard 'twice' is ambiguous: demo/dashboard/twice, other/dashboard/twice"],
    [['shop', '--occurences', 'many'], "--occurences 'many'"],
    [['shop', '--interval', '0'], '--interval is less than'],
  ])('refuses %j', async (words, message) => {
    const { code, out, err } = await place.opsbro(['dashboards', 'show', ...words]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
  });
});

describe.skipIf(!hasPty)('on a terminal (needs python3)', () => {
  const open = (size: [number, number], ...more: string[]): Session =>
    openSession(
      [
        ...[process.execPath, join(root, 'dist', 'cli', 'opsbro.js'), 'dashboards', 'show', 'shop'],
        ...['--data', join(place.folder, 'data'), '--interval', '500ms', ...more],
      ],
      size,
    );
  const shows = (text: string) => (terminal: Session['terminal']) => terminal.text().includes(text);

  it('draws live, writes only what changed, follows the size, and gives the terminal back', async () => {
    const session = open([24, 80]);
    const { terminal } = session;
    await session.until('the first picture', (one) => one.text().includes('q ends') && one.isAlternate);
    expect([terminal.isCursorHidden, terminal.rows[23]?.join('')]).toEqual([
      true,
      expect.stringMatching(/^The shop {2}\d\d:\d\d:\d\d {2}every 500ms, q ends/),
    ]);
    await session.until('a second picture', () => looks >= 3);
    terminal.forget();
    const before = looks;
    await session.until('two more', () => looks >= before + 3);
    // Two titles, an end of a bar, the right edge of a chart, the clock: no frame, no blank, nothing cleared.
    expect(terminal.clears).toBe(0);
    expect(terminal.written.size).toBeGreaterThan(0);
    for (const place of terminal.written.keys()) {
      const [row, column] = place.split(',').map(Number) as [number, number];
      expect('╭╮╰╯│─').not.toContain(terminal.rows[row]?.[column]);
    }
    terminal.resize(14, 50);
    session.order({ resize: [14, 50] });
    await session.until(
      'the smaller picture',
      ({ rows }) => (rows[13] ?? []).join('').startsWith('The shop') && rows[0]?.at(49) === '╮',
    );
    session.order({ keys: '\u0003' });
    expect(await session.exited).toBe(0);
    expect([terminal.isAlternate, terminal.isCursorHidden]).toEqual([false, false]);
  });

  it.each([
    ['SIGINT', { signal: 2 }, 0],
    ['SIGTERM', { signal: 15 }, 143],
  ] as const)('ends by %s', async (_, order, code) => {
    const session = open([24, 80]);
    await session.until('a picture', shows('Waiting: 1'));
    session.order(order);
    expect(await session.exited).toBe(code);
    expect([session.terminal.isAlternate, session.terminal.isCursorHidden]).toEqual([false, false]);
  });

  it('leaves the last of so many pictures on the usual screen', async () => {
    const session = open([24, 80], '--occurences', '2');
    expect(await session.exited).toBe(0);
    expect([session.terminal.isAlternate, session.terminal.isCursorHidden]).toEqual([false, false]);
    expect(session.terminal.text()).toMatch(/^╭ Waiting: 12 % ─+╮\n/);
  });

  it('prints text once on a terminal that cannot move its cursor', async () => {
    let written = '';
    const session = openSession(
      [process.execPath, join(root, 'dist', 'cli', 'opsbro.js'), 'dashboards', 'show', 'shop'].concat([
        '--data',
        join(place.folder, 'data'),
      ]),
      [24, 80],
      { TERM: 'dumb' },
    );
    const send = session.terminal.send.bind(session.terminal);
    session.terminal.send = (text: string) => {
      written += text;
      send(text);
    };
    expect(await session.exited).toBe(0);
    expect(written.replaceAll('\r', '')).toBe(
      'The shop\n  Waiting  [##------------------]  11 %\n  Sent     11 % (0 to 78)\n  Now      open\n',
    );
  });

  it('draws a dashboard that was changed in its file', async () => {
    const session = open([24, 80]);
    await session.until('a picture', shows('Waiting: 1'));
    title = 'The other shop';
    await session.until('the other title', shows('The other shop'));
    session.order({ keys: 'q' });
    expect(await session.exited).toBe(0);
  });

  it('keeps the last picture while the agent is away', async () => {
    const session = open([24, 80]);
    await session.until('a picture', shows('Waiting: 1'));
    place.close();
    await session.until('the reason', shows('no agent answers on'));
    expect(session.terminal.text()).toContain('Waiting: 1');
    session.order({ keys: 'q' });
    expect(await session.exited).toBe(0);
  });
});
