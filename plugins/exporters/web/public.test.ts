import type { CheckFact, ClusterNode, ExportedFacts, Json } from 'opsbro/sdk';
import { serviceContext, testFacts } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { badge } from './badge.ts';
import { checkMatcher } from './check-patterns.ts';
import type { Options } from './options.ts';
import { escaped, type ShownState, shownState, worst } from './shown-state.ts';
import { StatusPage } from './status-page.ts';
import { WebExporter } from './web-exporter.ts';

const check = (name: string, more: Partial<CheckFact> = {}): CheckFact => ({
  ...{ id: `local/check/${name}`, name, display_name: name, pack: 'local', state: 'ok', hard: true },
  ...{
    output: 'secret output',
    long_output: '',
    perfdata: '',
    since: 1,
    last_run: 1,
    stale: false,
    labels: {},
  },
  ...more,
});
const facts = (...checks: CheckFact[]): ExportedFacts => ({ ...testFacts(), checks });
/** Nothing was said, at no time. */
const none = { facts: undefined, nodes: undefined, now: 0, monotonic: 0 };
const node = (uuid: string, more: Partial<ClusterNode>): ClusterNode =>
  ({ uuid, name: uuid, state: 'alive', groups: ['database'], failing: [], ...more }) as ClusterNode;

describe('what a check is shown as', () => {
  it.each<[Partial<CheckFact> | undefined, ShownState]>([
    [{ state: 'ok' }, 'ok'],
    [{ state: 'ok', stale: true }, 'stale'],
    [{ state: 'critical', stale: true }, 'stale'],
    [{ state: 'pending' }, 'pending'],
    [{ state: 'unknown' }, 'unknown'],
    [undefined, 'unknown'],
  ])('%j is %s', (given, state) => {
    expect(shownState(given && check('a', given))).toBe(state);
    const green = badge('a', state).includes('#1a7f37');
    expect(green).toBe(state === 'ok');
  });

  it('is the worst of several, and of none unknown', () => {
    expect(worst(['ok', 'stale', 'warning'])).toBe('warning');
    expect(worst(['ok', 'pending'])).toBe('pending');
    expect(worst([])).toBe('unknown');
  });
});

describe('patterns', () => {
  it.each<['all' | string[], string, boolean]>([
    ['all', 'x', true],
    [[], 'x', false],
    [['x'], 'x', true],
    [['local/check/x'], 'x', true],
    [['local/*'], 'x', true],
    [['*'], 'x', true],
    [['x.'], 'xy', false],
    [['(a|x)'], 'x', false],
    [['local/check/'], 'x', false],
  ])('%j fit %s: %s', (patterns, name, expected) => {
    expect(checkMatcher(patterns)(check(name))).toBe(expected);
  });

  it('take no longer for many stars', () => {
    expect(checkMatcher([`${'*'.repeat(200)}b`])(check('a'.repeat(5000)))).toBe(false);
  });
});

it('text is escaped, and holds nothing that XML cannot', () => {
  expect(escaped('<a href="x">\'&\u0000\ud800')).toBe('&lt;a href=&quot;x&quot;&gt;&#39;&amp;\ufffd');
  expect(badge('<script>alert(1)</script>', 'ok')).not.toContain('<script');
  const page = new StatusPage({ title: '<b>', checks: ['*'], groups: [] }).page({
    ...none,
    facts: facts(check('x', { display_name: '"><img src=x>' })),
  });
  expect(page).not.toMatch(/<b>|<img|<script/);
});

describe('the status page', () => {
  const options = { title: 'Shop', checks: ['web', 'db*', 'gone', 'none*'], groups: ['database'] };
  const known = facts(
    check('web', { display_name: 'The shop' }),
    check('db1', { stale: true }),
    check('secret', { state: 'critical' }),
    check('disk', { if_group: 'database', state: 'warning' }),
  );

  it('has what is named, and nothing else', () => {
    expect(new StatusPage(options).lines({ ...none, facts: known })).toEqual([
      { name: 'database', state: 'warning' },
      { name: 'The shop', state: 'ok' },
      { name: 'db1', state: 'stale' },
      { name: 'gone', state: 'unknown' },
    ]);
    const page = new StatusPage(options).page({ ...none, facts: known });
    expect(page).toContain('<title>Shop: Unknown</title>');
    expect(page).not.toMatch(/secret|output/);
  });

  it.each<[Partial<ClusterNode>, ShownState]>([
    [{}, 'ok'],
    [{ state: 'dead' }, 'critical'],
    [{ state: 'suspect' }, 'unknown'],
    [{ state: 'leave' }, 'unknown'],
    [{ failing: ['database'] }, 'critical'],
    [{ failing: ['other'] }, 'ok'],
    [{ groups: [] }, 'unknown'],
  ])('shows a group of which another host is %j as %s', (more, state) => {
    const nodes = { self: 'own', zone: 'z', zones: [], nodes: [node('two', more)] };
    const lines = new StatusPage({ ...options, checks: [] }).lines({ facts: facts(), nodes });
    expect(lines).toEqual([{ name: 'database', state }]);
  });

  it('knows nothing before anything was said', () => {
    const page = new StatusPage({ title: 'x', checks: ['web'], groups: [] }).page(none);
    expect(page).toContain('<p class="all unknown">Unknown</p>');
  });
});

describe('a status page of many checks', () => {
  const many = (bad: Partial<CheckFact>) =>
    facts(...Array.from({ length: 700 }, (_, at) => check(`c${at}`, at === 600 ? bad : {})));
  const options = { title: 'Shop', checks: ['c*'], groups: [] };

  it('is as bad as the worst of all, shows that first, and tells how many it leaves out', () => {
    const page = new StatusPage(options).page({ ...none, facts: many({ state: 'critical' }) });
    expect(page).toContain('<p class="all critical">Down</p>');
    expect(page.match(/<li>.*/)?.[0]).toContain('c600');
    expect(page.match(/<li>/g)).toHaveLength(500);
    expect(page).toContain('200 more, none of them worse, are not shown');
  });

  it('is made once in a second', () => {
    const status = new StatusPage(options);
    const first = status.page({ ...none, facts: many({}) });
    expect(first).toContain('Everything is operational');
    const then = { ...none, facts: many({ state: 'critical' }) };
    expect(status.page({ ...then, monotonic: 999 })).toBe(first);
    expect(status.page({ ...then, monotonic: 1000 })).toContain('Down');
  });

  it('names checks by id and by name, each once', () => {
    const lines = new StatusPage({ ...options, checks: ['local/check/a', 'a', 'a*', 'b'] }).lines({
      facts: facts(check('a'), check('a', { id: 'other/check/a', display_name: 'A' })),
      nodes: undefined,
    });
    expect(lines).toEqual([
      { name: 'a', state: 'ok' },
      { name: 'A', state: 'ok' },
      { name: 'b', state: 'unknown' },
    ]);
  });
});

describe('routes for whoever asks', () => {
  const asked = (route: string, params = {}) => ({ route, method: 'GET', params, query: {}, body: null });
  const open = async (options: Partial<Options>) => {
    const snapshots = { facts: facts(check('web'), check('db', { state: 'critical' })) as unknown as Json };
    const ctx = serviceContext<Options>({ options: { badges: [], ...options }, snapshots });
    const web = await WebExporter.open(ctx, '/nonexistent');
    await new Promise((resolve) => setImmediate(resolve));
    return web;
  };

  it('show a badge of what has one, and of the rest not whether it exists', async () => {
    const web = await open({ badges: ['web'] });
    const shown = web.answer(asked('/badge/*check', { check: 'web.svg' }));
    expect(shown).toMatchObject({
      ...{ status: 200, type: 'image/svg+xml; charset=utf-8' },
      headers: {
        'content-security-policy': "default-src 'none'",
        'cross-origin-resource-policy': 'cross-origin',
      },
    });
    expect(Buffer.from(shown.body as Uint8Array).toString()).toContain('<title>web: ok</title>');
    const hidden = ['db.svg', 'none.svg', 'web', 'local/check/db.svg'].map((name) =>
      web.answer(asked('/badge/*check', { check: name })),
    );
    expect(new Set(hidden.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(hidden[0]?.status).toBe(404);
    const byId = web.answer(asked('/badge/*check', { check: 'local/check/web.svg' }));
    expect(byId.status).toBe(200);
  });

  it('show no status page unless the configuration has one', async () => {
    for (const route of ['/status', '/status.css'])
      expect((await open({ badges: 'all' })).answer(asked(route)).status).toBe(404);
    const web = await open({ status_page: { title: 'Shop', checks: ['web'], groups: [] } });
    expect(web.answer(asked('/status'))).toMatchObject({ status: 200, type: 'text/html; charset=utf-8' });
    expect(web.answer(asked('/status.css'))).toMatchObject({ status: 200, type: 'text/css; charset=utf-8' });
  });
});
