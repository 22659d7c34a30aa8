import { readFileSync } from 'node:fs';
import type { HandlerEvent, HttpRequest, Manifest } from 'opsbro/sdk';
import { complianceSuite, fixtureContext, type RecordedAnswer, runVerb, testEvent } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { PagerDutyEvent } from './events.ts';
import pagerduty from './index.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;
const options = {
  routing_key: '0123456789abcdef0123456789abcdef',
  endpoint: 'https://events.pagerduty.com/v2/enqueue',
  ca_file: '',
};

/** The Events API v2 as documented: refuses what does not have its shape with 400, takes the rest with 202. */
function fakePagerDuty({ url, method, headers, body = '' }: HttpRequest): RecordedAnswer {
  expect([url, method, headers?.['content-type']]).toEqual([options.endpoint, 'POST', 'application/json']);
  const { routing_key, event_action, dedup_key, payload, links, ...rest } = JSON.parse(body);
  expect(Object.keys(rest).filter((key) => key !== 'client')).toEqual([]);
  expect(routing_key).toMatch(/^[0-9a-f]{32}$/);
  expect(['trigger', 'acknowledge', 'resolve']).toContain(event_action);
  expect(dedup_key.length).toBeLessThanOrEqual(255);
  if (event_action === 'trigger') {
    expect(payload.summary.length).toBeLessThanOrEqual(1024);
    expect(payload.source).not.toBe('');
    expect(['critical', 'error', 'warning', 'info']).toContain(payload.severity);
    expect(new Date(payload.timestamp).toISOString()).toBe(payload.timestamp);
    for (const link of links) {
      expect(Object.keys(link)).toEqual(['href', 'text']);
      expect(link.href).toMatch(/^https?:\/\//);
    }
  }
  return { status: 202, text: JSON.stringify({ status: 'success', message: 'Event processed', dedup_key }) };
}

async function sent(event: HandlerEvent): Promise<PagerDutyEvent[]> {
  const ctx = fixtureContext({ options, http: fakePagerDuty });
  expect((await runVerb(pagerduty, ctx, event)).status).toBe('done');
  return ctx.requests.map(({ body }) => JSON.parse(body ?? '') as PagerDutyEvent);
}

describe('an event', () => {
  it('of a problem triggers the alert of its check', async () => {
    expect(await sent(testEvent('problem'))).toMatchObject([
      {
        event_action: 'trigger',
        dedup_key: 'web1/linux/check/load',
        links: [{ href: 'https://wiki.example.org/load', text: 'Runbook' }],
        payload: {
          summary: 'CRITICAL Load average on web1: load is 42',
          source: 'web1',
          severity: 'critical',
          timestamp: '2026-01-01T12:00:00.000Z',
          component: 'load',
          group: 'linux',
          custom_details: { team: 'web', text: expect.stringContaining('cpu1 97%') },
        },
      },
    ]);
  });

  it.each([
    ['problem', { state: 'warning' }, [['trigger', 'web1/linux/check/load', 'warning']]],
    ['problem', { state: 'unknown' }, [['trigger', 'web1/linux/check/load', 'error']]],
    ['recovery', {}, [['resolve', 'web1/linux/check/load', undefined]]],
    [
      'acknowledgement',
      { id: 'linux/check/load', change: 'started' },
      [['acknowledge', 'web1/linux/check/load', undefined]],
    ],
    ['acknowledgement', { id: 'linux/check/load', change: 'ended' }, []],
    ['agent', {}, [['trigger', 'web1/linux/check/load/7/agent', 'warning']]],
    [
      'agent',
      { trouble: 'plugin', subject: 'collector/x', change: 'started' },
      [['trigger', 'web1/agent/plugin/collector/x', 'warning']],
    ],
    [
      'agent',
      { trouble: 'plugin', subject: 'collector/x', change: 'ended' },
      [['resolve', 'web1/agent/plugin/collector/x', undefined]],
    ],
    [
      'test',
      {},
      [
        ['trigger', 'web1/linux/check/load/7/test', 'info'],
        ['resolve', 'web1/linux/check/load/7/test', undefined],
      ],
    ],
    ['canary', {}, [['resolve', 'web1/linux/check/load/7/canary', undefined]]],
    ['group', {}, []],
    ['downtime', {}, []],
  ] as const)('of a %s %j becomes %j', async (type, data, expected) => {
    const events = await sent(testEvent(type, data));
    const told = events.map((event) => [event.event_action, event.dedup_key, event.payload?.severity]);
    expect(told).toEqual(expected);
  });

  it('whose runbook is no address still triggers: PagerDuty refuses such a link for good', async () => {
    const [event] = await sent(testEvent('problem', { runbook: 'see the red folder' }));
    expect(event).toMatchObject({
      links: [],
      payload: { custom_details: { text: expect.stringContaining('red folder') } },
    });
  });

  it('says its text also where a label is called so', async () => {
    const [event] = await sent(testEvent('problem', { labels: { team: 'web', text: 'small' } }));
    expect(event?.payload?.custom_details).toEqual({
      team: 'web',
      text: expect.stringContaining('cpu1 97%'),
    });
  });

  it('of a group gives each check its own alert', async () => {
    const { data } = testEvent('problem');
    const alerts = [data, { ...data, check: 'linux/check/disk', state: 'ok' }];
    expect(await sent(testEvent('problem', { alerts }))).toMatchObject([
      { event_action: 'trigger', dedup_key: 'web1/linux/check/load' },
      { event_action: 'resolve', dedup_key: 'web1/linux/check/disk' },
    ]);
  });

  it('that is tried again goes on where PagerDuty stopped it', async () => {
    const { data } = testEvent('problem');
    const alerts = ['disk', 'load', 'swap'].map((check) => ({ ...data, check }));
    const answers = [202, 429, 202, 202];
    const ctx = fixtureContext({ options, http: () => ({ status: answers.shift() ?? 500 }) });
    await expect(runVerb(pagerduty, ctx, testEvent('problem', { alerts }))).rejects.toThrow('429');
    await runVerb(pagerduty, ctx, testEvent('problem', { alerts }));
    const keys = ctx.requests.map(({ body }) => (JSON.parse(body ?? '') as PagerDutyEvent).dedup_key);
    expect(keys).toEqual(['web1/disk', 'web1/load', 'web1/load', 'web1/swap']);
  });

  it('has keys of a common origin, where several agents tell of the same checks', async () => {
    const common = { ...options, origin: 'push' };
    for (const [type, event_action] of [
      ['problem', 'trigger'],
      ['recovery', 'resolve'],
      ['acknowledgement', 'acknowledge'],
    ] as const) {
      const ctx = fixtureContext({ options: common, http: () => ({ status: 202 }) });
      await runVerb(pagerduty, ctx, testEvent(type, { check: 'push/check/web1/queue' }));
      await runVerb(pagerduty, ctx, testEvent(type, { check: 'linux/check/load' }));
      expect(ctx.requests.map(({ body }) => JSON.parse(body ?? ''))).toMatchObject([
        { event_action, dedup_key: 'push/push/check/web1/queue' },
        { event_action, dedup_key: 'web1/linux/check/load' },
      ]);
    }
  });

  it('fits the limits, however long its names and texts', async () => {
    const check = `linux/check/${'x'.repeat(300)}`;
    const [first] = await sent(testEvent('problem', { check, output: 'y'.repeat(5000) }));
    const [second] = await sent(testEvent('recovery', { check }));
    expect(first?.dedup_key).toBe(second?.dedup_key);
  });
});

it.each([
  [{ status: 400, text: '{"errors":["0123456789abcdef0123456789abcdef"]}' }, { permanent: true }],
  [{ status: 429 }, { permanent: false }],
  [{ status: 502 }, { permanent: false }],
])('hands %j on as %j, without the key', async (answer, hints) => {
  const ctx = fixtureContext({ options, http: () => answer });
  const error = await runVerb(pagerduty, ctx, testEvent('problem')).catch((thrown) => thrown);
  expect(error).toMatchObject({ code: 'OPSBRO_HOST_DELIVERY', ...hints });
  expect(error.message).not.toContain(options.routing_key);
});

describe('compliance', () => {
  for (const test of complianceSuite('handler', folder, pagerduty, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
