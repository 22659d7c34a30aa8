import { join } from 'node:path';
import type { CheckFact, ClusterNode, Json } from 'opsbro/sdk';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../bench/agent.ts';
import { type Stage, type StageFacts, startStage } from '../bench/web-stage.ts';
import { axeFaults } from './web/axe.ts';
import { hasChromium, openWatched, startChromium, type Watched } from './web/chromium.ts';
import { isLive, isTooWide, show, waitMs } from './web/looked-at.ts';

const isHere = hasChromium();
const script = '<script>window.hurt=1</script><img src=x onerror=window.hurt=1>';
const long = 'connection to db-primary.internal.example.org refused: '.repeat(40).slice(0, 2000);
const unbroken = 'x'.repeat(2000);

let browser: Browser;
let stage: Stage | undefined;

beforeAll(async () => {
  if (isHere) browser = await startChromium();
});
afterEach(() => stage?.close());
afterAll(() => browser?.close());

async function opened(facts: StageFacts, width = 1280, timezoneId = 'UTC'): Promise<Watched> {
  stage = await startStage(join(packageRoot, 'dist', 'web'), facts);
  const context = await browser.newContext({ viewport: { width, height: 800 }, timezoneId });
  const watched = await openWatched(context, stage.url);
  await watched.page.goto(`${stage.url}/ui/`);
  await isLive(watched.page);
  return watched;
}

const check = (id: string, more: Partial<CheckFact>): CheckFact => ({
  ...{ id, name: id, display_name: id, pack: 'push', state: 'critical', hard: true, output: '' },
  ...{ long_output: '', perfdata: '', since: 1000, last_run: 1000, stale: false, labels: {}, ...more },
});
const served = (...routes: string[]): Json => [{ method: 'GET', routes }];

describe.skipIf(!isHere)('the page', () => {
  it('says of an agent without anything that there is nothing, and asks nothing of what does not run', async () => {
    const { page, faults } = await opened({
      checks: [],
      groups: [],
      answers: {
        '/api': served(),
        '/api/v1/agent': agent,
        '/api/v1/history/checks': { entries: [] },
        ...Object.fromEntries(
          ['acknowledgements', 'silences', 'downtimes', 'collectors', 'plugins'].map((path) => [
            `/api/v1/${path}`,
            [],
          ]),
        ),
      },
    });
    const texts: [string, string[]][] = [
      [
        'overview',
        ['Nothing is wrong.', 'Nothing changed in the last day.', 'No detector gave a group yet.'],
      ],
      ['checks', ['No check fits.', '0 checks']],
      ['held', ['No problem is acknowledged.', 'opsbro ack add CHECK', 'No downtime is planned.']],
      ['cluster', ['This agent is in no cluster.']],
      ['collectors', ['No collector fits.']],
      ['graphs', ['This agent keeps no history']],
      ['push', ['Nobody can report to this agent.']],
      ['plugins', ['No plugin fits.']],
      ['nothing', ['There is no such page.']],
    ];
    for (const [name, expected] of texts) {
      await show(page, name);
      for (const text of expected) await page.getByText(text).first().waitFor({ timeout: waitMs });
      expect(await axeFaults(page), name).toEqual([]);
    }
    expect(faults).toEqual([]);
  });

  it.each([360, 1280, 3840])(
    'keeps within %i px what names and texts hold, and runs none of it',
    async (width) => {
      const { page, faults } = await opened(hostile, width);
      for (const name of ['overview', 'checks', 'cluster', 'push', 'push/service/1', 'push?view=servers']) {
        await show(page, name);
        await page.getByText('<script>').first().waitFor({ timeout: waitMs });
        expect([name, await isTooWide(page), await axeFaults(page)]).toEqual([name, false, []]);
      }
      const cut = page.getByRole('button', { name: 'All 2,000 characters' }).first();
      await show(page, 'push');
      const whole = page.locator('.long-text', { hasText: long.slice(0, 60) }).first();
      const height = async (): Promise<number> => (await whole.boundingBox())?.height ?? 0;
      const before = await height();
      await cut.click();
      expect(await height()).toBeGreaterThan(before);
      await page.getByRole('button', { name: 'Less' }).click();
      expect(await height()).toBe(before);
      expect(await page.evaluate('window.hurt')).toBeUndefined();
      expect(faults).toEqual([]);
    },
  );

  it('never shows as well what is late, be it a check, the supervisor or an answer', async () => {
    const late = { state: 'ok', stale: true, output: 'it was well' } as const;
    const answers = { ...hostile.answers };
    delete answers['/api/v1/push/alerts'];
    const { page } = await opened({
      checks: [check('late', { ...late, display_name: 'late' })],
      answers,
    });
    await show(page, 'overview');
    await page.getByRole('link', { name: '1 stale' }).waitFor({ timeout: waitMs });
    const row = page.locator('.table-row', { hasText: 'it was well' });
    await row.locator('.state.is-stale').waitFor({ timeout: waitMs });
    expect(await page.locator('.table-row .is-ok').count()).toBe(0);
    await show(page, 'push');
    const said = page.getByRole('alert');
    await said.getByText('The supervisor lags 1m: alerts come late.').waitFor({ timeout: waitMs });
    await said.getByText('not on this stage').waitFor({ timeout: waitMs });
    expect(await page.locator('.timeout').count()).toBe(2);
  });

  it('tells times in the zone of the browser, also those that a push server says in UTC', async () => {
    const { page } = await opened(hostile, 1280, 'Asia/Tokyo');
    await show(page, 'push/service/1');
    const times = page.locator('time[title="2026-01-01 09:00:00"]');
    await times.first().waitFor({ timeout: waitMs });
    expect(await times.count()).toBeGreaterThan(3);
    expect(await page.locator('time[title^="2026-01-01 00"]').count()).toBe(0);
  });

  it('shows members by zone, with who accused one that died', async () => {
    const { page } = await opened({
      ...hostile,
      nodes: [node('own', {}), node('db1', { zone: 'dmz', groups: ['redis'], failing: ['redis'] })],
      answers: {
        ...hostile.answers,
        '/api/v1/gossip/history': [
          {
            ...{ at: '2026-01-01T00:00:00Z', node: 'db1', name: 'db1', state: 'dead' },
            accusers: [{ by: 'own', name: 'own', evidence: 'no-ack', at: '2026-01-01T00:00:00Z' }],
          },
        ],
      },
    });
    await show(page, 'cluster');
    const zone = page.getByRole('region', { name: 'Zone dmz' });
    for (const text of ['db1', 'alive', 'redis failing', '1 of 1 alive'])
      await zone.getByText(text, { exact: true }).first().waitFor({ timeout: waitMs });
    const history = page.getByRole('region', { name: 'History', exact: true });
    await history.getByText('own: no answer to a probe').waitFor({ timeout: waitMs });
  });

  it('leaves what checks and services say a line of its own on a narrow screen', async () => {
    const { page } = await opened(hostile, 360);
    for (const name of ['overview', 'checks', 'push']) {
      await show(page, name);
      const cell = page.locator('.table-row .c-output').first();
      await cell.waitFor({ timeout: waitMs });
      expect([name, ((await cell.boundingBox())?.width ?? 0) > 290]).toEqual([name, true]);
    }
    await show(page, 'push/service/1');
    const past = page.locator('.past-info').first();
    await past.waitFor({ timeout: waitMs });
    expect((await past.boundingBox())?.width).toBeGreaterThan(290);
  });

  it.each([360, 1280])('cuts no age at %i px', async (width) => {
    const since = Date.now() - (23 * 3600 + 59 * 60) * 1000;
    const { page } = await opened(
      { ...hostile, checks: [check('aged', { display_name: 'aged', since, output: 'long ago' })] },
      width,
    );
    const isCut = `[...document.querySelectorAll('.table-row .c-since')].some((one) => one.scrollWidth > one.clientWidth)`;
    for (const [name, text] of [
      ['checks', '23h 59m ago'],
      ['push', '400 days, 0:00:00'],
    ] as const) {
      await show(page, name);
      await page.locator('.c-since', { hasText: text }).first().waitFor({ timeout: waitMs });
      expect([name, await page.evaluate(isCut)]).toEqual([name, false]);
    }
  });

  it('cuts no state, and breaks no option of a command', async () => {
    const answers = { ...hostile.answers, '/api/v1/acknowledgements': [] };
    const { page } = await opened({ ...hostile, answers });
    await show(page, 'push');
    await page.locator('.timeout').first().waitFor({ timeout: waitMs });
    const isCut = `[...document.querySelectorAll('.table-row .c-state .state')].some((one) => one.scrollWidth > one.clientWidth)`;
    expect(await page.evaluate(isCut)).toBe(false);
    await page.setViewportSize({ width: 360, height: 740 });
    await show(page, 'held');
    const option = page.locator('.command .word', { hasText: '--comment' }).first();
    expect((await option.boundingBox())?.height).toBeLessThan(25);
  });

  it('names in the title of the window the check whose page it is', async () => {
    const { page } = await opened({ ...hostile, checks: [check('disks', { display_name: 'Disks' })] });
    await show(page, 'check/disks');
    await expect.poll(() => page.title()).toMatch(/^\(1\) Disks · /);
    await show(page, 'checks');
    await expect.poll(() => page.title()).toMatch(/^\(1\) Checks · /);
  });

  it('keeps the link of its page in sight when the problems before it are counted', async () => {
    const { page } = await opened({ ...hostile, checks: [check('disks', {})] }, 360);
    await show(page, 'push');
    await page.reload();
    await page.locator('nav .count').waitFor({ timeout: waitMs });
    const isSeen =
      "document.querySelector('nav [aria-current]').getBoundingClientRect().right < innerWidth + 1";
    await expect.poll(() => page.evaluate(isSeen)).toBe(true);
  });

  it('begins another page at its top', async () => {
    const { page } = await opened(hostile, 360);
    await page.evaluate("document.querySelector('.stage').scrollTo(0, 600)");
    await show(page, 'checks');
    expect(await page.evaluate("document.querySelector('.stage').scrollTop")).toBe(0);
    // A link of the navigation that is out of sight comes into it.
    await show(page, 'plugins');
    const isSeen = "document.querySelector('nav [aria-current]').getBoundingClientRect().right <= innerWidth";
    await expect.poll(() => page.evaluate(isSeen)).toBe(true);
  });
});

const agent: Json = {
  ...{ version: '1.0.0', state: 'running', uptime: 10, cpu_percent: 1, memory: { rss_bytes: 1 } },
  ...{ loop_delay_ms: { p99: 1 }, notifications: { waiting: 0, dead: 0 } },
  ...{ configuration: { errors: 0, warnings: 0 }, plugins: { total: 1, troubled: [] } },
  logs: { errors: 0, warnings: 0 },
};

const node = (name: string, more: Partial<ClusterNode>): ClusterNode => ({
  ...{ uuid: name, name, display_name: name, addresses: ['fd00::1234:5678:9abc:def0'], port: 6768 },
  ...{ zone: 'lan', groups: ['linux'], state: 'alive', since: 1000, incarnation: 1, version: '1' },
  ...{ protocol: [1, 1], proxy: false, checks_version: 0, failing: [], ...more },
});

const state = { rtime: '2026-01-01 00:00:00', timed_out: true, seen_ago: '400 days, 0:00:00', state: 'FAIL' };
const service = (id: number, name: string, info: string): Json => ({
  ...{ id, period: 60, name, title: name, n_alerts: 1000, state: { ...state, info } },
});
const alert = (id: number, message: string, info: string | null): Json => ({
  ...{ id, server: script, server_id: 1, service: unbroken, service_id: 1, ctime: state.rtime },
  ...{ channel: 'api', event: 'alert', message, state_info: info },
});
const status: Json = {
  stats: { n_alerts: 3, last_state_id: 9, supervisor_lag: 90 },
  servers: [
    {
      ...{ id: 1, name: script, title: script, ip: '::1', n_alerts: 1000 },
      services: [service(1, script, long), service(2, unbroken, unbroken)],
    },
  ],
};
const row = { id: 9, rtime: state.rtime, state: 'FAIL', service: 'a', service_id: 1 };

/** Names and texts that nobody meant well with. */
const hostile: StageFacts = {
  checks: [
    check('a', { display_name: script, output: long, labels: { server: script, service: script } }),
    check('b', { output: script, labels: { server: unbroken, service: unbroken }, state: 'warning' }),
    check('c', { display_name: unbroken, pack: 'local', output: unbroken, state: 'unknown', stale: true }),
  ],
  nodes: [
    node('own', { display_name: unbroken, groups: [unbroken, script], failing: [script] }),
    node('two', { display_name: script, zone: script, state: 'dead' }),
  ],
  groups: [script, unbroken],
  answers: {
    '/api': served('/api/v1/push/status'),
    '/api/v1/agent': agent,
    '/api/v1/history/checks': { entries: [] },
    '/api/v1/nodes/checks': [
      {
        ...{ uuid: 'two', version: 0, at: '2026-01-01T00:00:00Z' },
        counts: { pending: 1000, ok: 1000, warning: 1000, critical: 1000, unknown: 1000 },
      },
    ],
    '/api/v1/gossip/history': [
      {
        ...{ at: '2026-01-01T00:00:00Z', node: 'two', name: script, state: 'dead' },
        accusers: [{ by: 'own', name: unbroken, evidence: script, at: '2026-01-01T00:00:00Z' }],
      },
    ],
    '/api/v1/push/status': status,
    '/api/v1/push/removed': [
      { kind: 'service', id: 7, title: `${script} ${unbroken}`, undo_until: '2036-01-01T00:00:00Z' },
    ],
    '/api/v1/push/alerts': {
      alerts: [alert(1, long, script), alert(2, unbroken, null), alert(3, script, long)],
    },
    '/api/v1/push/states/1': {
      states: [
        { ...row, info: long, alerts: [{ id: 1, channel: 'api', event: 'alert', message: unbroken }] },
        { ...row, id: 8, info: unbroken, alerts: [] },
      ],
    },
  },
};
