import { readFileSync } from 'node:fs';
import type { HandlerEvent, HttpRequest, Manifest } from 'opsbro/sdk';
import { complianceSuite, fixtureContext, type RecordedAnswer, runVerb, testEvent } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { AdaptiveCard } from './card.ts';
import teams from './index.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;
const options = {
  webhook_url: 'https://prod.westeurope.logic.azure.com/workflows/s3cret?sig=abc',
  ca_file: '',
};
const elements: { [type: string]: string[] } = {
  TextBlock: ['type', 'wrap', 'size', 'weight', 'color', 'text'],
  FactSet: ['type', 'facts'],
  'Action.OpenUrl': ['type', 'title', 'url'],
};

/** A workflow that waits for a webhook request: 202 for a message with Adaptive Cards as their schema says, of at most 28 KB. */
function fakeWorkflow({ url, method, body = '' }: HttpRequest): RecordedAnswer {
  expect([url, method]).toEqual([options.webhook_url, 'POST']);
  expect(Buffer.byteLength(body)).toBeLessThan(28_000);
  const { type, attachments } = JSON.parse(body);
  expect([type, attachments.length]).toEqual(['message', 1]);
  const [{ contentType, contentUrl, content }] = attachments;
  expect([contentType, contentUrl]).toEqual(['application/vnd.microsoft.card.adaptive', null]);
  expect([content.type, content.version]).toEqual(['AdaptiveCard', '1.4']);
  for (const element of [...content.body, ...content.actions]) {
    expect(Object.keys(element).filter((key) => !elements[element.type]?.includes(key))).toEqual([]);
    if (element.color) expect(['Default', 'Accent', 'Good', 'Warning', 'Attention']).toContain(element.color);
    for (const fact of element.facts ?? []) expect(Object.keys(fact)).toEqual(['title', 'value']);
  }
  return { status: 202 };
}

async function sent(event: HandlerEvent): Promise<AdaptiveCard> {
  const ctx = fixtureContext({ options, http: fakeWorkflow });
  expect((await runVerb(teams, ctx, event)).status).toBe('done');
  return JSON.parse(ctx.requests[0]?.body ?? '').attachments[0].content as AdaptiveCard;
}

describe('a card', () => {
  it('has title, text, facts and a button for the runbook', async () => {
    const { body, actions } = await sent(testEvent('problem'));
    expect(body).toMatchObject([
      { type: 'TextBlock', text: 'CRITICAL Load average on web1', color: 'Attention', weight: 'Bolder' },
      { type: 'TextBlock', text: expect.stringContaining('load is 42\n\ncpu0 98%\n\ncpu1 97%'), wrap: true },
      {
        type: 'FactSet',
        facts: [{ title: 'Node', value: 'web1' }, { value: 'load' }, {}, { title: 'team' }],
      },
    ]);
    expect(actions).toEqual([
      { type: 'Action.OpenUrl', title: 'Runbook', url: 'https://wiki.example.org/load' },
    ]);
  });

  it.each([
    ['recovery', 'Good'],
    ['group', 'Default'],
    ['agent', 'Warning'],
  ] as const)('of a %s has the colour %s', async (type, color) => {
    expect((await sent(testEvent(type))).body[0]).toMatchObject({ color });
  });

  it('shows an output as it is, and opens nothing but pages', async () => {
    const { body, actions } = await sent(
      testEvent('problem', { output: '[x](http://y) *', runbook: 'file:///x' }),
    );
    expect(body[1]).toMatchObject({ text: expect.stringContaining('\\[x\\](http://y) \\*') });
    expect(actions).toEqual([]);
  });

  it('stays below the limit, whatever there is to say', async () => {
    const labels = Object.fromEntries(
      Array.from({ length: 90 }, (_, index) => [`label${index}`, 'v'.repeat(900)]),
    );
    await sent(testEvent('problem', { output: '\n'.repeat(20_000), labels }));
    await sent(testEvent('problem', { output: '€'.repeat(20_000) }));
  });
});

it.each([
  [
    { status: 429, headers: { 'retry-after': '12' } },
    { permanent: false, retryAfterMs: 12_000 },
  ],
  [{ status: 401, text: 'sig=abc is wrong' }, { permanent: true }],
])('hands %j on as %j, without the address', async (answer, hints) => {
  const ctx = fixtureContext({ options, http: () => answer });
  const error = await runVerb(teams, ctx, testEvent('problem')).catch((thrown) => thrown);
  expect(error).toMatchObject({ code: 'OPSBRO_HOST_DELIVERY', ...hints });
  expect(error.message).not.toMatch(/s3cret|sig=abc/);
});

describe('compliance', () => {
  for (const test of complianceSuite('handler', folder, teams, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
