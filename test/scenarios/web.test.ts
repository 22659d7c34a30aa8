import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { opsbro } from './cli-run.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';
import { axeFaults } from './web/axe.ts';
import { hasChromium, openWatched, startChromium, type Watched } from './web/chromium.ts';

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
const waitMs = 60_000;
const scratch = mkdtempSync(join(tmpdir(), 'opsbro-web-'));
const broken = join(scratch, 'broken');

let agent: RealAgent;
let port = 0;
let url = '';
let browser: Browser;
const contexts: BrowserContext[] = [];

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: free } = server.address() as { port: number };
  server.close();
  return free;
}

const files = (): { [path: string]: string } => ({
  'http.yml': `http: {port: ${port}, anonymous: none}\n`,
  'websocket.yml': 'websocket: {port: 0}\n',
  'web.yml': 'web: {badges: [shaky], status_page: {title: Shop, checks: [shaky]}}\n',
  'push.yml': 'overc: {enabled: true, port: 0}\n',
  'store.yml': 'graphite: {enabled: true, port: 0}\n',
  'gossip.yml': `gossip: {address: 127.0.0.1, port: 0, profile: local, key: "${Buffer.alloc(32, 7).toString('base64')}"}\n`,
  'shaky.yml': `check: {id: shaky, interval: 1s, critical_if: "file_exists('${broken}')", critical_output: "'it broke'", ok_output: "'it holds'"}\n`,
  // What a service says of itself may be anything.
  'hostile.yml': `check:
  id: hostile
  display_name: "<img src=x onerror=window.hurt=1>"
  interval: 1s
  warning_if: "1 < 2"
  warning_output: "'<script>window.hurt=1</script><img src=x onerror=window.hurt=1>'"
`,
});

beforeAll(async () => {
  if (!isHere) return;
  port = await freePort();
  url = `http://127.0.0.1:${port}`;
  [agent, browser] = await Promise.all([
    startRealAgent({ data: join(scratch, 'data'), config: join(scratch, 'config'), files: files() }),
    startChromium(),
  ]);
  await agent.until(
    'the page',
    async () => {
      const found = await fetch(`${url}/badge/shaky.svg`).catch(() => undefined);
      return found?.status === 200 && (await fetch(`${url}/readyz`)).ok;
    },
    200_000,
  );
  await push('queue', 'FAIL');
}, 300_000);

afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
  rmSync(broken, { force: true });
});

afterAll(async () => {
  await browser?.close();
  agent?.child.kill('SIGCONT');
  await agent?.dispose();
  rmSync(scratch, { recursive: true, force: true });
});

async function push(name: string, state: string): Promise<void> {
  const { port: pushPort } = await agent.until('the push server', () =>
    agent.get<{ port: number }>('/api/v1/push').catch(() => undefined),
  );
  const body = {
    server: { name: 'web1', key: 'k' },
    period: 600,
    services: [{ name, state, info: '<b>deep</b>' }],
  };
  const said = await fetch(`http://127.0.0.1:${pushPort}/api/set/service/status`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  expect(said.status).toBe(200);
}

async function address(scope: string): Promise<string> {
  const { stdout } = await opsbro(['--data', agent.data, 'web', 'open', '--scope', scope]);
  return stdout.trim();
}

/** A browser of its own that has opened the page. */
async function opened(
  scope = 'write',
  colorScheme: 'light' | 'dark' = 'light',
  width = 1280,
): Promise<Watched> {
  const context = await browser.newContext({ colorScheme, viewport: { width, height: 800 } });
  contexts.push(context);
  const watched = await openWatched(context, url);
  await watched.page.goto(await address(scope));
  await isLive(watched.page);
  return watched;
}

const isLive = (page: Page): Promise<void> =>
  page.locator('header [role=status]', { hasText: 'Live' }).waitFor({ timeout: waitMs });

/** Shows a page of the application, once everything that it asks for was answered. */
async function show(page: Page, name: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(`#/${name}`)}`);
  await page
    .locator(`main.page-${name.split(/[/?]/)[0]} h1`)
    .first()
    .waitFor({ timeout: waitMs });
  await page.waitForLoadState('networkidle');
}

const shaky = (page: Page, state: string): Promise<void> =>
  page
    .locator('.table-row', { hasText: 'shaky' })
    .filter({ has: page.locator(`.state.is-${state}`) })
    .waitFor({ timeout: waitMs });

describe.skipIf(!isHere)('the web page', () => {
  it('is opened by its address once, by a cookie that no script reads', async () => {
    const context = await browser.newContext();
    contexts.push(context);
    const { page, faults } = await openWatched(context, url);
    await page.goto(`${url}/ui/`);
    await page.getByText('opsbro web open').waitFor({ timeout: waitMs });
    // It was told 401, which a browser notes.
    expect(faults.splice(0).every((fault) => fault.includes('401'))).toBe(true);
    const once = await address('write');
    await page.goto(once);
    expect(page.url()).toBe(`${url}/ui/`);
    await isLive(page);
    expect(await context.cookies()).toEqual([
      expect.objectContaining({
        ...{ name: `opsbro_session_${port}`, httpOnly: true, sameSite: 'Strict', path: '/', secure: false },
      }),
    ]);
    expect(await page.evaluate('document.cookie')).toBe('');
    expect(faults).toEqual([]);
    const again = await page.goto(once);
    expect(again?.status()).toBe(403);
    const other = await browser.newContext();
    contexts.push(other);
    expect((await (await other.newPage()).goto(once))?.status()).toBe(403);
    expect(await other.cookies()).toEqual([]);
  });

  it('is told live what changes, and what changes is right', async () => {
    const { page, faults } = await opened('read');
    await show(page, 'checks?text=shaky');
    await shaky(page, 'ok');
    const state = async (): Promise<string> => (await fetch(`${url}/badge/shaky.svg`)).text();
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
    const { page, faults } = await opened();
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

  it.each([
    ['light', 1280],
    ['dark', 360],
  ] as const)('has no fault that axe finds, on any page, %s and %i px wide', async (scheme, width) => {
    const { page } = await opened('write', scheme, width);
    const found: { [page: string]: string[] } = {};
    const look = async (name: string): Promise<void> => {
      const faults = await axeFaults(page);
      const isWide = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
      if (isWide === true) faults.push('it is wider than the screen');
      if (faults.length > 0) found[name] = faults;
    };
    for (const name of [...pages, `check/${encodeURIComponent('local/check/shaky')}`]) {
      await show(page, name);
      await look(name);
    }
    await page.goto(`${url}/status`);
    await look('status');
    expect(found).toEqual({});
  });

  it('acknowledges with the right to write, and not without', async () => {
    writeFileSync(broken, '');
    const { page, faults } = await opened('write');
    await show(page, `check/${encodeURIComponent('local/check/shaky')}`);
    await page.getByRole('button', { name: 'Acknowledge' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.locator('textarea, input').first().fill('on it');
    await dialog.getByRole('button', { name: 'Acknowledge' }).click();
    await agent.until('the acknowledgement', async () => {
      const list = await agent.get<{ check: string }[]>('/api/v1/acknowledgements');
      return list.some(({ check }) => check === 'local/check/shaky');
    });
    expect(faults).toEqual([]);
    const reader = await opened('read');
    await show(reader.page, `check/${encodeURIComponent('local/check/shaky')}`);
    await reader.page.getByText('may only read').first().waitFor({ timeout: waitMs });
    expect(await reader.page.getByRole('button', { name: 'Acknowledge' }).count()).toBe(0);
  });

  it('is signed out when its session is revoked', async () => {
    const { page } = await opened('read');
    const { stdout } = await opsbro(['--data', agent.data, 'web', 'sessions', 'list', '--json']);
    const names = (JSON.parse(stdout) as { name: string }[]).map(({ name }) => name);
    expect((await opsbro(['--data', agent.data, 'web', 'sessions', 'revoke', ...names])).code).toBe(0);
    await page.locator('nav a[href="#/plugins"]').click();
    await page.getByText('opsbro web open').first().waitFor({ timeout: waitMs });
  });

  it('says that it is frozen while the agent stands still, and goes on after it', async () => {
    const { page } = await opened('read');
    agent.child.kill('SIGSTOP');
    await page.getByText('This page is frozen').waitFor({ timeout: waitMs });
    agent.child.kill('SIGCONT');
    await isLive(page);
    await page.getByText('This page is frozen').waitFor({ state: 'detached', timeout: waitMs });
  });

  it('is right again after the agent was started anew', async () => {
    const { page } = await opened('read');
    await show(page, 'checks?text=shaky');
    await shaky(page, 'ok');
    await agent.stop();
    writeFileSync(broken, '');
    agent = await startRealAgent({ data: join(scratch, 'data'), config: join(scratch, 'config') });
    await isLive(page);
    await shaky(page, 'critical');
  });
});
