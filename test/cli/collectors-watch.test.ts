import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { hasPty, openSession } from './screen/pty.ts';
import { root, Workplace } from './workplace.ts';

let place: Workplace;
let runs: number;

beforeEach(async () => {
  place = new Workplace();
  runs = 0;
  await place.agent({
    '/api/v1/collectors/shop': () => {
      runs += 1;
      const last_run = new Date(1_700_000_000_000 + runs * 1000).toISOString();
      return {
        name: 'shop',
        state: 'ok',
        interval: 10,
        last_run,
        log: '',
        results: { sent: runs, open: true },
      };
    },
  });
});
afterEach(() => place.dispose());

it('prints what changed where there is no terminal', async () => {
  const { code, out } = await place.opsbro(['collectors', 'watch', 'shop', '--count', '2']);
  expect(code).toBe(0);
  expect(out.split('\n')).toEqual([
    '2023-11-14T22:13:21.000Z collector.shop.open = true',
    '2023-11-14T22:13:21.000Z collector.shop.sent = 1',
    '2023-11-14T22:13:22.000Z collector.shop.sent = 2',
    '',
  ]);
});

it.skipIf(!hasPty)('writes only what changed on a terminal (needs python3)', async () => {
  const command = [process.execPath, join(root, 'dist', 'cli', 'opsbro.js'), 'collectors', 'watch', 'shop'];
  const session = openSession([...command, '--data', join(place.folder, 'data')], [24, 80]);
  const { terminal } = session;
  await session.until('values', (one) => one.text().includes('collector.shop.sent = 2'));
  terminal.forget();
  await session.until('later values', (one) => one.text().includes('collector.shop.sent = 4'));
  expect(terminal.clears).toBe(0);
  const rows = new Set([...terminal.written.keys()].map((place) => place.split(',')[0]));
  // The head tells the time of the run, the third line has the value.
  expect(rows).toEqual(new Set(['0', '2']));
  session.order({ keys: '\u0003' });
  expect(await session.exited).toBe(0);
  expect([terminal.isAlternate, terminal.isCursorHidden]).toEqual([false, false]);
});
