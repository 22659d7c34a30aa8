import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { expect } from 'vitest';
import { packageRoot } from '../../bench/agent.ts';
import { freePort } from '../../free-port.ts';
import { opsbro } from '../cli-run.ts';
import { type RealAgent, startRealAgent } from '../real-agent.ts';
import { openWatched, startChromium, type Watched } from './chromium.ts';

/** A busy machine is slow, not wrong. */
export const waitMs = 60_000;
const startMs = 200_000;

/** A real agent that shows the page, and Chromium to look at it. */
export class LookedAt {
  readonly scratch: string;
  readonly port: number;
  readonly url: string;
  readonly browser: Browser;
  agent: RealAgent;
  readonly #contexts: BrowserContext[] = [];

  private constructor(scratch: string, port: number, agent: RealAgent, browser: Browser) {
    this.scratch = scratch;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.agent = agent;
    this.browser = browser;
  }

  /** Starts both, with these files beside those that serve the page to whoever has a session. */
  static async start(scratch: string, files: { [path: string]: string }): Promise<LookedAt> {
    const port = await freePort();
    const all = {
      'http.yml': `http: {port: ${port}, anonymous: none}\n`,
      'websocket.yml': 'websocket: {port: 0}\n',
      'web.yml': 'web: {enabled: true}\n',
      'push.yml': 'overc: {enabled: true, port: 0}\n',
      ...files,
    };
    const [agent, browser] = await Promise.all([
      startRealAgent({ data: join(scratch, 'data'), config: join(scratch, 'config'), files: all }),
      startChromium(),
    ]);
    const place = new LookedAt(scratch, port, agent, browser);
    const probe = async (path: string): Promise<boolean> =>
      (await fetch(`${place.url}${path}`).catch(() => undefined))?.ok === true;
    await agent.until('the page', async () => (await probe('/ui/')) && (await probe('/readyz')), startMs);
    return place;
  }

  /** Ends the agent and starts it anew, on what it had. */
  async restart(between: () => void): Promise<void> {
    await this.agent.stop();
    between();
    this.agent = await startRealAgent({
      data: join(this.scratch, 'data'),
      config: join(this.scratch, 'config'),
    });
  }

  /** An address that opens the page once. */
  async address(scope: string): Promise<string> {
    const { stdout } = await opsbro(['--data', this.agent.data, 'web', 'open', '--scope', scope]);
    return stdout.trim();
  }

  /** A browser of its own, which ends with the test. */
  async context(options: Parameters<Browser['newContext']>[0] = {}): Promise<BrowserContext> {
    const context = await this.browser.newContext(options);
    this.#contexts.push(context);
    return context;
  }

  /** A browser of its own that has opened the page. */
  async opened(scope = 'write', colorScheme: 'light' | 'dark' = 'light', width = 1280): Promise<Watched> {
    const watched = await openWatched(
      await this.context({ colorScheme, viewport: { width, height: 800 } }),
      this.url,
    );
    await watched.page.goto(await this.address(scope));
    await isLive(watched.page);
    return watched;
  }

  /** Reports a service, as `server` with the key `k`; with `age` what was so that many seconds ago. */
  async push(
    server: string,
    name: string,
    state: string,
    info = '',
    more: { age?: number } = {},
  ): Promise<void> {
    const { port } = await this.agent.until('the push server', () =>
      this.agent.get<{ port: number }>('/api/v1/push').catch(() => undefined),
    );
    const body = {
      server: { name: server, key: 'k' },
      period: 600,
      services: [{ name, state, info }],
      ...more,
    };
    const said = await fetch(`http://127.0.0.1:${port}/api/set/service/status`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    expect(said.status).toBe(200);
  }

  async closePages(): Promise<void> {
    for (const context of this.#contexts.splice(0)) await context.close();
  }

  async end(): Promise<void> {
    await this.browser.close();
    this.agent.child.kill('SIGCONT');
    await this.agent.dispose();
    rmSync(this.scratch, { recursive: true, force: true });
  }
}

/** A directory for what a scenario of the page writes. */
export function webScratch(): string {
  return mkdtempSync(join(tmpdir(), 'opsbro-web-'));
}

/** Resolves once the page says that it is told live. */
export function isLive(page: Page): Promise<void> {
  return page.locator('header [role=status]', { hasText: 'Live' }).waitFor({ timeout: waitMs });
}

/** Shows a page of the application, once everything that it asks for was answered. */
export async function show(page: Page, name: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(`#/${name}`)}`);
  await page
    .locator(`main.page-${name.split(/[/?]/)[0]} h1`)
    .first()
    .waitFor({ timeout: waitMs });
  await page.waitForLoadState('networkidle');
}

/** Keeps what the page looks like, for people to look at: in `var/web-pages`, below the package. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  const path = join(packageRoot, 'var', 'web-pages', `${name.replaceAll(/[^\w.-]+/g, '_')}.png`);
  await page.screenshot({ path });
}

/** Whether something of the page stands beyond the right edge of the screen. */
export async function isTooWide(page: Page): Promise<boolean> {
  return (await page.evaluate('document.documentElement.scrollWidth > innerWidth')) === true;
}

/** Cells and lines of the page whose text goes on beyond them, over what stands beside them. */
export async function spills(page: Page): Promise<string[]> {
  const found =
    await page.evaluate(`[...document.querySelectorAll('dt, dd, th, td, li, p, h1, h2, [role=cell]')]
    .filter((one) => one.clientWidth > 0 && one.scrollWidth > one.clientWidth + 1)
    .filter((one) => getComputedStyle(one).overflowX === 'visible' && one.closest('.unseen') === null)
    .map((one) => one.textContent.slice(0, 60))`);
  return (found as string[]).map((text) => `it goes over what is beside it: ${text}`);
}
