import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { packageRoot, pause } from './agent.ts';
import { atMost, type Bench, median, peerAbsent, resultOf, shown } from './result.ts';
import { hosts, type StreamPeer, services, startStream } from './web-stream-peer.ts';

const program = '/usr/bin/chromium';
const firstPaintReachMs = 1000;
const usableReachMs = 2000;
const changeReachMs = 1000;
const updatesReach = 4;
const rowsReach = 200;
const waitMs = 60_000;
const pollMs = 25;
/** Changes a second while updates are counted. */
const changesASecond = 200;

/** Notes when the overview shows all checks, goes to their list at once, and notes when that shows rows. */
const watchStart = `
  const look = () => {
    const all = document.querySelector('a[href="#/checks"]:not(nav a)');
    if (window.shownMs === undefined && all?.textContent.includes('${(hosts * services).toLocaleString('en-US')}')) {
      window.shownMs = performance.now();
      document.querySelector('nav a[href="#/checks"]').click();
    }
    if (window.shownMs !== undefined && document.querySelectorAll('main.page-checks .table-row').length > 5) window.usableMs = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
`;

/** Notes when a text of a check was drawn, and how often outputs were drawn anew. */
const watchChanges = `
  window.seen = {};
  window.updates = 0;
  new MutationObserver((records) => {
    const isOutput = ({ target }) => (target.nodeType === 1 ? target : target.parentElement)?.closest('.c-output') != null;
    if (!records.some(isOutput)) return;
    window.updates += 1;
    for (const cell of document.querySelectorAll('.c-output')) window.seen[cell.textContent] ??= Date.now();
  }).observe(document.querySelector('main'), { subtree: true, childList: true, characterData: true });
`;

/** The real page in Chromium over a stream of 1,000 hosts with 20 checks each: how soon it is there, and how soon it shows what changes. */
export const bench: Bench = async ({ brief, say }) => {
  if (!existsSync(program)) return peerAbsent('web', 'ms', usableReachMs, 'chromium');
  const peer = await startStream(join(packageRoot, 'dist', 'web'));
  const browser = await chromium.launch({
    executablePath: program,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  });
  const rounds: Round[] = [];
  try {
    for (let index = 0; index < (brief ? 2 : 5); index += 1) {
      const round = await measure(browser, peer, brief);
      const { paintMs, usableMs, changeMs, updates, rows } = round;
      say(
        `  round ${index + 1}: first paint ${shown(paintMs)} ms, usable ${shown(usableMs)} ms, a change ${shown(changeMs)} ms, ${shown(updates)} updates/s, ${rows} rows`,
      );
      rounds.push(round);
    }
  } finally {
    await browser.close();
    await peer.close();
  }
  const middle = (key: keyof Round): number => median(rounds.map((round) => round[key]));
  return resultOf('web', 'ms', [
    atMost(
      'from nothing to a list of 20,000 checks that follows clicks, ms',
      middle('usableMs'),
      usableReachMs,
    ),
    atMost('first paint, ms', middle('paintMs'), firstPaintReachMs),
    atMost('from a change of a check to its row, ms', middle('changeMs'), changeReachMs),
    atMost(`updates a second at ${changesASecond} changes a second`, middle('updates'), updatesReach),
    atMost('rows drawn at a time', middle('rows'), rowsReach),
  ]);
};

interface Round {
  paintMs: number;
  usableMs: number;
  changeMs: number;
  updates: number;
  rows: number;
}

/** One visit by a browser that has nothing of the page yet. */
async function measure(browser: Browser, peer: StreamPeer, brief: boolean): Promise<Round> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  try {
    const page = await context.newPage();
    await page.addInitScript(watchStart);
    await page.goto(`${peer.url}/ui/`);
    await until(page, 'window.usableMs !== undefined');
    const usableMs = Number(await page.evaluate('window.usableMs'));
    const paint = "performance.getEntriesByName('first-contentful-paint')[0].startTime";
    const paintMs = Number(await page.evaluate(paint));
    const rows = Number(await page.evaluate("document.querySelectorAll('.table-row').length"));
    const search = page.getByRole('searchbox');
    await search.fill('host0500');
    await until(page, `document.querySelectorAll('main.page-checks .table-row').length === ${services}`);
    await page.evaluate(watchChanges);
    const changeMs = median(await changes(page, peer, brief ? 3 : 9));
    const updates = await updateRate(page, peer, brief ? 2 : 5);
    return { paintMs, usableMs, changeMs, updates, rows };
  } finally {
    await context.close();
  }
}

/** How long changes of checks in sight take to be seen, one after the other. */
async function changes(page: Page, peer: StreamPeer, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const [text, told] = [`change ${peer.next()}`, Date.now()];
    peer.change(500, index % services, text);
    await until(page, `window.seen['${text}'] !== undefined`);
    times.push(Number(await page.evaluate(`window.seen['${text}']`)) - told);
  }
  return times;
}

/** Asks again until an expression holds. Not by `waitForFunction`, which the policy of the page forbids. */
async function until(page: Page, expression: string): Promise<void> {
  const end = performance.now() + waitMs;
  while ((await page.evaluate(`Boolean(${expression})`)) !== true) {
    if (performance.now() > end) throw new Error(`waited ${waitMs} ms for ${expression}`);
    await pause(pollMs);
  }
}

async function updateRate(page: Page, peer: StreamPeer, seconds: number): Promise<number> {
  const before = Number(await page.evaluate('window.updates'));
  const began = performance.now();
  const timer = setInterval(
    () => peer.change(500, peer.next() % services, `busy ${peer.next()}`),
    1000 / changesASecond,
  );
  await pause(seconds * 1000);
  clearInterval(timer);
  const after = Number(await page.evaluate('window.updates'));
  return (after - before) / ((performance.now() - began) / 1000);
}
