import { readFileSync } from 'node:fs';
import type { HandlerEvent, HttpRequest, Manifest } from 'opsbro/sdk';
import { complianceSuite, fixtureContext, type RecordedAnswer, runVerb, testEvent } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import discord from './index.ts';
import { type DiscordMessage, versionedUrl } from './message.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;
const options = { webhook_url: 'https://discord.com/api/webhooks/1/s3cret', username: 'OpsBro', ca_file: '' };

/** Execute Webhook as documented, with the limits of embeds. */
function fakeDiscord({ url, method, body = '' }: HttpRequest): RecordedAnswer {
  expect([url, method]).toEqual(['https://discord.com/api/v10/webhooks/1/s3cret', 'POST']);
  const { username, embeds, allowed_mentions, ...rest } = JSON.parse(body) as DiscordMessage;
  expect([Object.keys(rest), allowed_mentions]).toEqual([[], { parse: [] }]);
  expect(username.length).toBeLessThanOrEqual(80);
  expect(embeds).toHaveLength(1);
  let total = 0;
  for (const { title, description, color, timestamp, footer, fields, url: link } of embeds) {
    // What Discord calls a well formed URL.
    if (link !== undefined) expect(link).toMatch(/^https?:\/\/[^/\s]+\.[^/\s]+(\/\S*)?$/);
    expect([title.length <= 256, description.length <= 4096, fields.length <= 25]).toEqual([
      true,
      true,
      true,
    ]);
    expect(Number.isInteger(color) && color >= 0 && color <= 0xffffff).toBe(true);
    expect(new Date(timestamp).toISOString()).toBe(timestamp);
    for (const { name, value } of fields) {
      expect(name.length >= 1 && name.length <= 256 && value.trim().length >= 1 && value.length <= 1024).toBe(
        true,
      );
      total += name.length + value.length;
    }
    total += title.length + description.length + footer.text.length;
  }
  expect(total).toBeLessThanOrEqual(6000);
  return { status: 204 };
}

async function sent(event: HandlerEvent): Promise<DiscordMessage['embeds'][number]> {
  const ctx = fixtureContext({ options, http: fakeDiscord });
  expect((await runVerb(discord, ctx, event)).status).toBe('done');
  return (JSON.parse(ctx.requests[0]?.body ?? '') as DiscordMessage)
    .embeds[0] as DiscordMessage['embeds'][number];
}

describe('a message', () => {
  it('is one embed with all that helps', async () => {
    expect(await sent(testEvent('problem'))).toEqual({
      title: 'CRITICAL Load average on web1',
      description: 'load is 42\ncpu0 98%\ncpu1 97%\nrestart the queue first\nhttps://wiki.example.org/load',
      color: 0xcf222e,
      timestamp: '2026-01-01T12:00:00.000Z',
      footer: { text: 'OpsBro on web1' },
      fields: [
        { name: 'Node', value: 'web1', inline: true },
        { name: 'Check', value: 'load', inline: true },
        { name: 'Before', value: 'ok', inline: true },
        { name: 'team', value: 'web', inline: true },
      ],
      url: 'https://wiki.example.org/load',
    });
  });

  it('shows an output as it is, and links to nothing but pages', async () => {
    const embed = await sent(
      testEvent('problem', { output: '[x](http://y) `*', runbook: 'javascript:alert(1)' }),
    );
    expect(embed.description).toContain('\\[x\\](http://y) \\`\\*');
    expect(embed.url).toBeUndefined();
  });

  it.each([
    ['https://wiki/load', undefined],
    ['http://localhost:8080/load', undefined],
    ['https://[bad', undefined],
    ['https://300.1.1.1/load', undefined],
    ['https://<wiki>/load', undefined],
    ['https://wiki.example.org/load average', 'https://wiki.example.org/load%20average'],
    ['http://10.0.0.7/load', 'http://10.0.0.7/load'],
  ])('arrives whatever its runbook is: %s', async (runbook, link) => {
    const { url, description } = await sent(testEvent('problem', { runbook }));
    expect(url).toBe(link);
    expect(description).toContain(runbook);
  });

  it('leaves addresses whole, and makes no headings, quotes and lists', async () => {
    const output = '# a_b\n> c\n-# d\nsee https://wiki.example.org/disk_full_now and a > b';
    const { description } = await sent(testEvent('problem', { output, long_output: '' }));
    expect(description).toMatch(
      /^\\# a\\_b\n\\> c\n\\-# d\nsee https:\/\/wiki\.example\.org\/disk_full_now and a > b/,
    );
  });

  it('fits the limits, whatever there is to say', async () => {
    const labels = Object.fromEntries(
      Array.from({ length: 40 }, (_, index) => [`label${index}`, '_'.repeat(500)]),
    );
    await sent(testEvent('problem', { output: '*'.repeat(9000), display_name: 'n'.repeat(900), labels }));
    await sent(testEvent('problem', { labels: { empty: '', blank: ' ' } }));
  });
});

it.each([
  [
    { status: 429, text: '{"message":"You are being rate limited.","retry_after":0.75}' },
    { permanent: false, retryAfterMs: 750 },
  ],
  [{ status: 404, text: '{"message": "Unknown Webhook", "code": 10015}' }, { permanent: true }],
])('hands %j on as %j, without the address', async (answer, hints) => {
  const ctx = fixtureContext({ options, http: () => answer });
  const error = await runVerb(discord, ctx, testEvent('problem')).catch((thrown) => thrown);
  expect(error).toMatchObject({ code: 'OPSBRO_HOST_DELIVERY', ...hints });
  expect(error.message).not.toContain('s3cret');
});

it.each([
  ['https://discord.com/api/webhooks/1/s3cret', 'https://discord.com/api/v10/webhooks/1/s3cret'],
  [
    'https://discordapp.com/api/webhooks/1/s3cret?wait=true',
    'https://discordapp.com/api/v10/webhooks/1/s3cret?wait=true',
  ],
  ['https://discord.com/api/v9/webhooks/1/s3cret', 'https://discord.com/api/v9/webhooks/1/s3cret'],
  ['http://relay.example.org/hook', 'http://relay.example.org/hook'],
])('asks %s by a version whose pauses are in seconds', (url, versioned) => {
  expect(versionedUrl(url)).toBe(versioned);
});

describe('compliance', () => {
  for (const test of complianceSuite('handler', folder, discord, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
