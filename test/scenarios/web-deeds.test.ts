import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type RealAgent, startRealAgent } from './real-agent.ts';
import { axeFaults } from './web/axe.ts';
import { hasChromium } from './web/chromium.ts';
import { focused, press, tabTo } from './web/keyboard.ts';
import { LookedAt, show, waitMs, webScratch } from './web/looked-at.ts';

const isHere = hasChromium();
const key = Buffer.alloc(32, 7).toString('base64');
const gossip = (address: string, more: string): string =>
  `gossip: {address: ${address}, port: 0, profile: local, key: "${key}"${more}}\n`;
const check = (id: string, state: string, output: string): string =>
  `check: {id: ${id}, interval: 1s, ${state}_if: "1 < 2", ${state}_output: "'${output}'"}\n`;

let place: LookedAt;
let other: RealAgent;

beforeAll(async () => {
  if (!isHere) return;
  place = await LookedAt.start(webScratch(), {
    'gossip.yml': gossip('127.0.0.1', ''),
    'aching.yml': check('aching', 'critical', 'it hurts'),
  });
  const { nodes } = await place.agent.until('its cluster', async () => {
    const found = await place.agent.get<Members>('/api/v1/gossip/members').catch(() => undefined);
    return found !== undefined && found.nodes.length > 0 && found;
  });
  other = await startRealAgent({
    files: {
      'agent.yml': 'display_name: two\n',
      'gossip.yml': gossip('127.0.0.2', `, seeds: ["127.0.0.1:${nodes[0]?.port}"]`),
      'queue.yml': check('queue', 'warning', '40 waiting'),
    },
  });
}, 300_000);

afterEach(() => place?.closePages());

afterAll(async () => {
  await other?.dispose();
  await place?.end();
});

interface Members {
  nodes: { uuid: string; display_name: string; port: number }[];
}

interface NodeChecks {
  uuid: string;
  counts: { [state: string]: number };
}

/** What the push server shows of itself: names of services, and titles of what can be brought back. */
async function pushed(): Promise<[services: string[], removed: string[]]> {
  const { servers } = await place.agent.get<{ servers: { name: string; services: { name: string }[] }[] }>(
    '/api/v1/push/status',
  );
  const removed = await place.agent.get<{ title: string }[]>('/api/v1/push/removed');
  return [
    servers.flatMap(({ name, services }) => services.map((one) => `${name}/${one.name}`)),
    removed.map(({ title }) => title),
  ];
}

const lastCell = (page: Page, text: string) => page.locator('.table-row', { hasText: text }).first();

describe.skipIf(!isHere)('the page of a cluster', () => {
  it('counts the checks of every node by state, as they are known, and lists those of another', async () => {
    const { page, faults } = await place.opened('read');
    const two = await place.agent.until('what the other says of its checks', async () => {
      const { nodes } = await place.agent.get<Members>('/api/v1/gossip/members');
      const uuid = nodes.find((node) => node.display_name === 'two')?.uuid;
      const known = await place.agent.get<NodeChecks[]>('/api/v1/nodes/checks');
      const own = known.find((one) => one.uuid === uuid);
      return own !== undefined && (own.counts.warning ?? 0) > 0 && own;
    });
    await show(page, 'cluster');
    const row = lastCell(page, 'two');
    await row.locator('.c-checks .mark.is-warning').waitFor({ timeout: waitMs });
    expect(await row.locator('.c-checks').textContent()).toMatch(/\d+ warning/);
    // This one counts its own, as its list of checks does.
    const own = lastCell(page, 'this one').locator('.c-checks');
    expect(await own.textContent()).toMatch(/\d+ critical/);
    expect(await axeFaults(page)).toEqual([]);
    await show(page, 'overview');
    await lastCell(page, 'two').locator('.c-marks .mark.is-warning').waitFor({ timeout: waitMs });
    await show(page, `node/${two.uuid}`);
    const queue = page.locator('tr', { hasText: 'queue' });
    await queue.waitFor({ timeout: waitMs });
    expect(await queue.textContent()).toMatch(/queue.*warning.*\d+\w ago.*40 waiting/);
    expect(await axeFaults(page)).toEqual([]);
    expect(faults).toEqual([]);
  });

  it('says of a node that died how its checks stood then, and shows none of them as well', async () => {
    const { page } = await place.opened('read');
    await show(page, 'cluster');
    await lastCell(page, 'two').locator('.c-checks .mark').first().waitFor({ timeout: waitMs });
    await other.kill('SIGKILL');
    const row = page.locator('.table-row', { hasText: 'two' }).filter({ hasText: 'dead' });
    await row.getByText('as of').waitFor({ timeout: 120_000 });
    expect(await row.locator('.marks.is-past .mark').count()).toBeGreaterThan(0);
    expect(await row.locator('.bar:visible').count()).toBe(0);
  });
});

describe.skipIf(!isHere)('what was deleted of what is pushed', () => {
  it('is gone at once, and can be brought back from every page of it, also after a reload', async () => {
    for (const name of ['queue', 'mail']) await place.push('web1', name, 'OK', `${name} is well`);
    const { page, faults } = await place.opened();
    await show(page, 'push');
    await page.getByRole('link', { name: 'queue' }).click();
    await page.getByRole('heading', { name: 'queue' }).waitFor({ timeout: waitMs });
    const address = page.url();
    const ask = page.locator('main').getByRole('button', { name: 'Delete' });
    await ask.click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    expect(await pushed()).toEqual([['web1/mail', 'web1/queue'], []]);
    await ask.click();
    await page.getByRole('dialog').getByText('For ten minutes it can be taken back').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('heading', { name: 'Push', exact: true }).waitFor({ timeout: waitMs });
    expect(await pushed()).toEqual([['web1/mail'], ['web1 queue']]);
    const undo = page.getByRole('button', { name: 'Undo the deletion of web1 queue' });
    await undo.waitFor({ timeout: waitMs });
    await page.reload();
    await undo.waitFor({ timeout: waitMs });
    // Its own address, as somebody has it in another window.
    await page.goto(address);
    await page.reload();
    await page.getByText('There is no such service').waitFor({ timeout: waitMs });
    expect(await axeFaults(page)).toEqual([]);
    await undo.click();
    await page.getByText('queue is well').first().waitFor({ timeout: waitMs });
    await undo.waitFor({ state: 'detached', timeout: waitMs });
    expect(await pushed()).toEqual([['web1/mail', 'web1/queue'], []]);
    expect(faults).toEqual([]);
  });

  it('is no business of who may only read', async () => {
    await place.push('web2', 'cron', 'OK');
    const status = await place.agent.get<{ servers: { id: number; name: string }[] }>('/api/v1/push/status');
    const id = status.servers.find(({ name }) => name === 'web2')?.id;
    const { page } = await place.opened('read');
    await show(page, `push/server/${id}`);
    await page.getByRole('heading', { name: 'web2' }).waitFor({ timeout: waitMs });
    expect(await page.getByRole('button', { name: 'Delete' }).count()).toBe(0);
    await place.agent.client.request('DELETE', `/api/v1/push/items/server/${id}`);
    await page.getByText('is gone for good').waitFor({ timeout: waitMs });
    expect(await page.getByRole('button', { name: /Undo/ }).count()).toBe(0);
  });
});

describe.skipIf(!isHere)('the history of what is pushed', () => {
  const [hourS, service] = [3600, 'backup'];
  const panelOf = (page: Page, title: string) => page.getByRole('region', { name: title, exact: true });
  const loadMore = (page: Page, title: string) =>
    panelOf(page, title).getByRole('button', { name: 'Load more' }).click();

  it('goes back a day, and by a click another one, with what was opened left open', async () => {
    const past = [
      ['OK', 'two days ago', 49] as const,
      ...['1 slow', '2 slow', '3 slow', '4 slow'].map((info) => ['WARN', info, 30] as const),
      ...['1 fine', '2 fine', '3 fine', '4 fine'].map((info) => ['OK', info, 2] as const),
    ];
    for (const [state, info, hours] of past)
      await place.push('web4', service, state, info, { age: hours * hourS });
    const { page, faults } = await place.opened('read');
    await show(page, 'push');
    await page.getByRole('link', { name: service, exact: true }).click();
    const [history, alerts] = [panelOf(page, 'History'), panelOf(page, 'Alerts')];
    await history.getByText('4 fine').waitFor({ timeout: waitMs });
    await history.getByRole('button', { name: '2 more' }).click();
    await history.getByText('2 fine').waitFor({ timeout: waitMs });
    const shown = async (): Promise<string[]> =>
      (await history.locator('.past-info').allTextContents()).map((text) => text.slice(0, 6));
    const day = ['4 fine', '3 fine', '2 fine', '1 fine'];
    expect(await shown()).toEqual(day);
    await loadMore(page, 'History');
    await history.getByText('4 slow').waitFor({ timeout: waitMs });
    expect(await shown()).toEqual([...day, '4 slow', '1 slow']);
    await history.getByRole('button', { name: '2 more' }).click();
    await history.getByText('2 slow').waitFor({ timeout: waitMs });
    await loadMore(page, 'History');
    await history.getByText('two days ago').waitFor({ timeout: waitMs });
    expect(await history.getByText('3 slow').count()).toBe(1);
    expect(await alerts.getByText('"OK" -> "WARN"').count()).toBe(0);
    await loadMore(page, 'Alerts');
    await alerts.getByText('"OK" -> "WARN"').waitFor({ timeout: waitMs });
    expect(await axeFaults(page)).toEqual([]);
    expect(faults).toEqual([]);
  });
});

describe.skipIf(!isHere)('the keyboard alone', () => {
  const held = async (): Promise<string[]> => {
    const kinds = ['acknowledgements', 'silences', 'downtimes'];
    const lists = await Promise.all(kinds.map((kind) => place.agent.get<unknown[]>(`/api/v1/${kind}`)));
    return kinds.filter((_, index) => (lists[index]?.length ?? 0) > 0);
  };
  const isHeld = (kinds: string[]): Promise<true> =>
    place.agent.until(kinds.join(), async () => (await held()).join() === kinds.join());

  it('reaches what a page is about, and goes on there from one page to the next', async () => {
    const { page } = await place.opened();
    await press(page, 'Skip to the page');
    await press(page, 'aching');
    await page.getByText('it hurts').first().waitFor({ timeout: waitMs });
    await tabTo(page, 'Checks');
    await page.keyboard.press('Enter');
    await page.locator('main.page-checks h1').waitFor({ timeout: waitMs });
    await tabTo(page, 'Text that checks hold');
    await page.keyboard.type('aching');
    await press(page, /^critical/);
    await expect.poll(() => page.url()).toMatch(/#\/checks\?text=aching&state=critical$/);
    await tabTo(page, 'Rows of Checks');
  });

  it('acknowledges, silences and plans, and ends that again', async () => {
    const { page, faults } = await place.opened();
    await show(page, `check/${encodeURIComponent('local/check/aching')}`);
    await page.getByRole('button', { name: 'Silence' }).waitFor({ timeout: waitMs });
    await press(page, 'Silence');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached', timeout: waitMs });
    expect(await focused(page)).toBe('Silence');
    await page.keyboard.press('Enter');
    await tabTo(page, 'Comment');
    await page.keyboard.type('quiet, please');
    await press(page, 'Silence');
    await isHeld(['silences']);
    await press(page, 'Acknowledge');
    await press(page, 'Acknowledge');
    await isHeld(['acknowledgements', 'silences']);
    await press(page, 'Downtime');
    await tabTo(page, 'How long');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('soon');
    await page.getByText('That is no duration').waitFor({ timeout: waitMs });
    await page.keyboard.press('Control+A');
    await page.keyboard.type('30m');
    await page.getByText('opsbro downtime add local/check/aching --duration 30m').waitFor();
    await press(page, 'Plan a downtime');
    await isHeld(['acknowledgements', 'silences', 'downtimes']);
    await show(page, 'held');
    expect(await axeFaults(page)).toEqual([]);
    for (const kind of ['acknowledgement', 'silence', 'downtime']) {
      await press(page, new RegExp(`^End ${kind} `));
      await press(page, 'End it');
      await page.getByRole('dialog').waitFor({ state: 'detached', timeout: waitMs });
    }
    await isHeld([]);
    expect(faults).toEqual([]);
  });

  it('deletes what is pushed, and brings it back', async () => {
    await place.push('web3', 'job', 'OK', 'done');
    const { page } = await place.opened();
    await show(page, 'push?view=servers');
    await press(page, 'web3');
    await page.getByRole('heading', { name: 'web3' }).waitFor({ timeout: waitMs });
    await press(page, 'Delete');
    await press(page, 'Delete');
    await place.agent.until('the deletion', async () => (await pushed())[1].includes('web3'));
    await press(page, 'Undo the deletion of web3');
    await place.agent.until('its return', async () => (await pushed())[0].includes('web3/job'));
  });
});
