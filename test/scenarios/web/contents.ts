import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { type LookedAt, show, waitMs } from './looked-at.ts';

/** A plugin of a stranger, which nobody approved. */
export const strangePlugin = `/*---
api: 1
kind: collector
name: strange
summary: Counts what it may not see.
permissions: { read: [/etc/hostname] }
---*/
export default { collect: async () => ({ seen: 1 }) };
`;

/** What a check of these scenarios is called. */
export const hostile = '<img src=x onerror=window.hurt=1>';

const panel = (page: Page, title: string) => page.getByRole('region', { name: title, exact: true });

/** Waits until a part of the page says all of this. */
async function says(page: Page, title: string, ...texts: (string | RegExp)[]): Promise<void> {
  const part = panel(page, title);
  for (const text of texts) await part.getByText(text).first().waitFor({ timeout: waitMs });
}

/** Overview: hosts, groups, checks by state, problems with their age, last changes, how the agent does. */
export async function looksAtOverview(page: Page): Promise<void> {
  await show(page, 'overview');
  await says(page, 'Problems', hostile, /^\d+\w( \d+\w)? ago$/);
  await says(page, 'Hosts', 'this host', 'web1', 'push');
  await says(page, 'Groups', 'linux');
  await says(page, 'Agent', /running for/, /MiB/, /all well|in trouble/);
  await says(page, 'Last changes', /^(critical|warning|unknown|ok)/, /ago$/);
  await page
    .getByRole('list', { name: 'Checks by state' })
    .getByRole('link', { name: /\d+ ok/ })
    .waitFor();
}

/** Check: timeline, output, why, and graphs of what it reads. */
export async function looksAtCheck(page: Page): Promise<void> {
  await show(page, `check/${encodeURIComponent('linux/check/memory')}`);
  await says(page, 'State', /available/, 'Last run');
  await page.getByRole('img', { name: /^Over time: .*\bok for \d/ }).waitFor({ timeout: waitMs });
  await says(page, 'Why', 'What it read', /collector\.memory\./, 'What decides', 'opsbro explain check');
  const graph = page.locator('figure.linked', { hasText: '.memory.' }).first();
  await graph.locator('canvas').waitFor({ timeout: waitMs });
}

/** Collectors: values as they change, which are marked. */
export async function looksAtCollectors(page: Page): Promise<void> {
  await show(page, 'collectors/cpustats');
  await says(page, 'cpustats', /cpu_all\.%idle/, 'Measured', 'opsbro collectors watch cpustats');
  await page.locator('.values .is-new').first().waitFor({ timeout: waitMs });
}

/** Graphs: names of the store step by step, lines, and their figures. */
export async function looksAtGraphs(page: Page): Promise<void> {
  await show(page, 'graphs');
  const names = page.getByRole('list', { name: 'Names' });
  await names.getByRole('button').first().click();
  await names.getByRole('button', { name: 'loadaverage' }).click();
  await names.getByRole('button', { name: 'load1', exact: true }).click();
  await page.locator('main .chart canvas').waitFor({ timeout: waitMs });
  await says(page, 'Values', /loadaverage\.load1$/, 'opsbro metrics show');
  await page.getByRole('region', { name: 'Figures' }).getByRole('rowheader', { name: /load1/ }).waitFor();
}

/** Plugins: state and cost, rights, and what waits for approval. */
export async function looksAtPlugins(page: Page, place: LookedAt): Promise<void> {
  place.agent.write('strange.js', strangePlugin);
  await show(page, 'plugins/collector/memory');
  await says(page, 'collector/memory', 'Heap', 'p99', 'May', '/proc/meminfo');
  await says(page, 'collector/strange waits for approval', 'It asks for', /\/etc\/hostname/);
  await page.getByText('opsbro plugins approve strange').waitFor({ timeout: waitMs });
}

/** Configuration: what is wrong, with file and line. */
export async function looksAtConfiguration(page: Page, place: LookedAt): Promise<void> {
  await show(page, 'configuration');
  await page.getByText('Nothing is wrong.').waitFor({ timeout: waitMs });
  place.agent.write('wrong.yml', 'check:\n  interval: 1s\n  critcal_if: "1 < 2"\n');
  await page.getByText(/wrong\.yml:3:\d+$/).waitFor({ timeout: waitMs });
  await page.getByText("did you mean 'critical_if'?").waitFor({ timeout: waitMs });
  place.agent.write('wrong.yml', '');
}

/** Push: runs of equal states as one that a click opens, and alerts. */
export async function looksAtPush(page: Page, place: LookedAt): Promise<void> {
  for (const info of ['1 deep', '2 deep', '3 deep', '4 deep', '5 deep'])
    await place.push('web1', 'queue', 'FAIL', info);
  await show(page, 'push');
  const row = page.locator('.table-row', { hasText: 'queue' });
  for (const text of ['critical', 'web1', '5 deep', '600s'])
    await row.getByText(text, { exact: true }).first().waitFor({ timeout: waitMs });
  expect(await row.textContent()).toMatch(/\d:\d\d:\d\d/);
  await place.push('web1', 'queue', 'FAIL', '6 deep');
  await row.locator('.flash.is-changed', { hasText: '6 deep' }).waitFor({ timeout: waitMs });
  await row.getByRole('link', { name: 'queue' }).click();
  const history = panel(page, 'History');
  await history.getByText('6 deep').waitFor({ timeout: waitMs });
  expect(await history.getByText('3 deep').count()).toBe(0);
  await history.getByRole('button', { name: /^\d+ more$/ }).click();
  await history.getByText('3 deep').waitFor({ timeout: waitMs });
  await says(page, 'Alerts', 'service:state/FAIL', 'State changed: "(?)" -> "FAIL"');
}
