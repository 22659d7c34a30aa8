import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { opsbro } from './cli-run.ts';
import { axeFaults } from './web/axe.ts';
import { hasChromium, openWatched } from './web/chromium.ts';
import {
  hostile,
  looksAtCheck,
  looksAtCollectors,
  looksAtConfiguration,
  looksAtGraphs,
  looksAtOverview,
  looksAtPlugins,
  looksAtPush,
} from './web/contents.ts';
import {
  isLive,
  isTooWide,
  keepPicture,
  LookedAt,
  show,
  spills,
  waitMs,
  webScratch,
} from './web/looked-at.ts';

const isHere = hasChromium();
const pages = [
  'overview',
  'checks',
  'held',
  'cluster',
  'collectors',
  'graphs',
  'push',
  'plugins',
  'configuration',
];
const scratch = webScratch();
const broken = join(scratch, 'broken');

let place: LookedAt;

const files: { [path: string]: string } = {
  'web.yml': 'web: {badges: [shaky], status_page: {title: Shop, checks: [shaky]}}\n',
  'store.yml': 'graphite: {enabled: true, port: 0}\n',
  'cpustats.yml': 'collector: {id: cpustats, interval: 1s}\n',
  'gossip.yml': `gossip: {address: 127.0.0.1, port: 0, profile: local, key: "${Buffer.alloc(32, 7).toString('base64')}"}\n`,
  'shaky.yml': `check: {id: shaky, interval: 1s, critical_if: "file_exists('${broken}')", critical_output: "'it broke'", ok_output: "'it holds'"}\n`,
  // What a service says of itself may be anything.
  'hostile.yml': `check:
  id: hostile
  display_name: "${hostile}"
  interval: 1s
  warning_if: "1 < 2"
  warning_output: "'<script>window.hurt=1</script>${hostile}'"
`,
};

beforeAll(async () => {
  if (!isHere) return;
  place = await LookedAt.start(scratch, files);
  await place.agent.until(
    'the check',
    async () => (await fetch(`${place.url}/badge/shaky.svg`)).status === 200,
  );
  await place.push('web1', 'queue', 'FAIL', '<b>deep</b>');
}, 300_000);

afterEach(async () => {
  await place?.closePages();
  rmSync(broken, { force: true });
});

afterAll(() => place?.end());

const shaky = (page: Page, state: string): Promise<void> =>
  page
    .locator('.table-row', { hasText: 'shaky' })
    .filter({ has: page.locator(`.state.is-${state}`) })
    .waitFor({ timeout: waitMs });

describe.skipIf(!isHere)('the web page', () => {
  it('is opened by its address once, by a cookie that no script reads', async () => {
    const context = await place.context();
    const { page, faults } = await openWatched(context, place.url);
    await page.goto(`${place.url}/ui/`);
    await page.getByText('opsbro web open').waitFor({ timeout: waitMs });
    // It was told 401, which a browser notes.
    expect(faults.splice(0).every((fault) => fault.includes('401'))).toBe(true);
    const once = await place.address('write');
    await page.goto(once);
    expect(page.url()).toBe(`${place.url}/ui/`);
    await isLive(page);
    expect(await context.cookies()).toEqual([
      expect.objectContaining({
        ...{
          name: `opsbro_session_${place.port}`,
          httpOnly: true,
          sameSite: 'Strict',
          path: '/',
          secure: false,
        },
      }),
    ]);
    expect(await page.evaluate('document.cookie')).toBe('');
    expect(faults).toEqual([]);
    const again = await page.goto(once);
    expect(again?.status()).toBe(403);
    const other = await place.context();
    expect((await (await other.newPage()).goto(once))?.status()).toBe(403);
    expect(await other.cookies()).toEqual([]);
  });

  it('is told live what changes, and what changes is right', async () => {
    const { page, faults } = await place.opened('read');
    await show(page, 'checks?text=shaky');
    await shaky(page, 'ok');
    const state = async (): Promise<string> => (await fetch(`${place.url}/badge/shaky.svg`)).text();
    expect(await state()).toContain('>ok<');
    writeFileSync(broken, '');
    await shaky(page, 'critical');
    await page.getByText('it broke').first().waitFor({ timeout: waitMs });
    expect(await state()).toContain('>critical<');
    rmSync(broken);
    await shaky(page, 'ok');
    expect(faults).toEqual([]);
  });

  it('shows every page without an error and without asking anybody else, and runs nothing of what checks say', async () => {
    const { page, faults } = await place.opened();
    for (const name of pages) {
      await page.locator(`nav a[href="#/${name}"]`).click();
      await page.locator(`main.page-${name} h1`).first().waitFor({ timeout: waitMs });
      await page.waitForLoadState('networkidle');
    }
    for (const id of ['local/check/shaky', 'local/check/hostile', 'push/check/web1/queue']) {
      await show(page, `check/${encodeURIComponent(id)}`);
      await page.getByText('Last run').first().waitFor({ timeout: waitMs });
    }
    await page.getByText('<b>deep</b>').first().waitFor({ timeout: waitMs });
    await show(page, `check/${encodeURIComponent('local/check/hostile')}`);
    await page.getByText('<script>window.hurt=1</script>').first().waitFor({ timeout: waitMs });
    expect(await page.evaluate('window.hurt')).toBeUndefined();
    expect(faults).toEqual([]);
  });

  it.each<[string, (page: Page, place: LookedAt) => Promise<void>]>([
    ['hosts, groups, checks, changes and the agent', looksAtOverview],
    ['a check over time, why it is so, and graphs of what it reads', looksAtCheck],
    ['what collectors measure, as it changes', looksAtCollectors],
    ['lines of the metric store, and their figures', looksAtGraphs],
    ['what is pushed, its runs of equal states and its alerts', looksAtPush],
    ['plugins, what they cost and may, and what waits for approval', looksAtPlugins],
    ['what is wrong in the configuration, with file and line', looksAtConfiguration],
  ])('shows %s', async (_, looks) => {
    const { page, faults } = await place.opened('read');
    await looks(page, place);
    expect(faults).toEqual([]);
  });

  it.each([
    ['light', 1280],
    ['dark', 360],
    ['light', 3840],
  ] as const)('has no fault that axe finds, on any page, %s and %i px wide', async (scheme, width) => {
    const { page } = await place.opened('write', scheme, width);
    const found: { [page: string]: string[] } = {};
    const look = async (name: string): Promise<void> => {
      const faults = [...(await axeFaults(page)), ...(await spills(page))];
      await keepPicture(page, `${width}-${scheme}-${name}`);
      if (await isTooWide(page)) faults.push('it is wider than the screen');
      if (faults.length > 0) found[name] = faults;
    };
    const { uuid } = await place.agent.get<{ uuid: string }>('/api/v1/agent');
    const details = [
      ...[`check/${encodeURIComponent('local/check/shaky')}`, 'push/server/1', 'push/service/1'],
      ...[`node/${uuid}`, 'plugins/collector/memory', 'push?view=servers', 'collectors/cpustats'],
    ];
    for (const name of [...pages, ...details]) {
      await show(page, name);
      await look(name);
    }
    await page.goto(`${place.url}/status`);
    await look('status');
    expect(found).toEqual({});
  });

  it('acknowledges with the right to write, and not without', async () => {
    writeFileSync(broken, '');
    const { page, faults } = await place.opened('write');
    await show(page, `check/${encodeURIComponent('local/check/shaky')}`);
    await page.getByRole('button', { name: 'Acknowledge' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.locator('textarea, input').first().fill('on it');
    await dialog.getByRole('button', { name: 'Acknowledge' }).click();
    await place.agent.until('the acknowledgement', async () => {
      const list = await place.agent.get<{ check: string }[]>('/api/v1/acknowledgements');
      return list.some(({ check }) => check === 'local/check/shaky');
    });
    await show(page, 'overview');
    const row = page.locator('.table-row', { hasText: 'shaky' });
    await row.getByText('acked').waitFor({ timeout: waitMs });
    expect(faults).toEqual([]);
    const reader = await place.opened('read');
    await show(reader.page, `check/${encodeURIComponent('local/check/shaky')}`);
    await reader.page.getByText('may only read').first().waitFor({ timeout: waitMs });
    expect(await reader.page.getByRole('button', { name: 'Acknowledge' }).count()).toBe(0);
  });

  it('is signed out when its session is revoked', async () => {
    const { page } = await place.opened('read');
    const { stdout } = await opsbro(['--data', place.agent.data, 'web', 'sessions', 'list', '--json']);
    const names = (JSON.parse(stdout) as { name: string }[]).map(({ name }) => name);
    expect((await opsbro(['--data', place.agent.data, 'web', 'sessions', 'revoke', ...names])).code).toBe(0);
    // By itself: it asks for something every few seconds.
    await page.getByText('opsbro web open').first().waitFor({ timeout: waitMs });
  });

  it('says that it is frozen while the agent stands still, and goes on after it', async () => {
    const { page } = await place.opened('read');
    place.agent.child.kill('SIGSTOP');
    await page.getByText('This page is frozen').waitFor({ timeout: waitMs });
    place.agent.child.kill('SIGCONT');
    await isLive(page);
    await page.getByText('This page is frozen').waitFor({ state: 'detached', timeout: waitMs });
  });

  it('is right again after the agent was started anew', async () => {
    const { page } = await place.opened('read');
    await show(page, 'checks?text=shaky');
    await shaky(page, 'ok');
    await place.restart(() => writeFileSync(broken, ''));
    await isLive(page);
    await shaky(page, 'critical');
  });
});
