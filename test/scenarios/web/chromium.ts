import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

const program = '/usr/bin/chromium';
const args = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

/** Whether a test of the page is to run: there is Debian's Chromium, or it has to be there. */
export function hasChromium(): boolean {
  return existsSync(program) || process.env.OPSBRO_TEST_REQUIRE === 'all';
}

/** Starts Chromium, with a profile of its own that goes away with it. */
export function startChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: program, args });
}

/** A page, and what went wrong in it. */
export interface Watched {
  page: Page;
  /** Errors of the console, errors nobody caught, and requests to another host. */
  faults: string[];
}

/** Opens a page that is watched. `origin` is the one host that it may ask. */
export async function openWatched(context: BrowserContext, origin: string): Promise<Watched> {
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      faults.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.origin !== origin && url.protocol !== 'data:') faults.push(`request: ${url.href}`);
  });
  page.on('websocket', (socket) => {
    if (new URL(socket.url()).host !== new URL(origin).host) faults.push(`websocket: ${socket.url()}`);
  });
  return { page, faults };
}
