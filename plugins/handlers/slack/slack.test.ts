import { readFileSync } from 'node:fs';
import type { HttpRequest, Manifest } from 'opsbro/sdk';
import {
  complianceSuite,
  type FixtureOptions,
  fixtureContext,
  type RecordedAnswer,
  runVerb,
  testEvent,
} from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { SlackOptions } from './api.ts';
import slack from './index.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;
const attachmentKeys = new Set(
  (
    'actions app_id app_unfurl_url author_icon author_link author_name author_subname blocks bot_id callback_id color fallback ' +
    'fields footer footer_icon image_url mrkdwn_in preview pretext text thumb_url title title_link ts'
  ).split(' '),
);
const options: SlackOptions = {
  token: 'xoxb-1-token',
  channel: '#alerts',
  webhook_url: '',
  endpoint: 'https://slack.com/api',
  ca_file: '',
};

interface Attachment {
  fallback: string;
  text: string;
  color: string;
  ts: number;
  fields: { title: string; value: string; short: boolean }[];
}

/** Slack as its documentation says: the method in the path, the token in a header, JSON, 200 with `ok: false` for what it refuses. */
function fakeSlack(answers: { [method: string]: RecordedAnswer[] } = {}) {
  return (request: HttpRequest): RecordedAnswer => {
    const method = request.url.replace('https://slack.com/api/', '');
    expect(request.method).toBe('POST');
    expect(request.headers?.['content-type']).toBe('application/json; charset=utf-8');
    expect(request.headers?.authorization).toMatch(/^Bearer xox[bp]-/);
    const body = JSON.parse(request.body ?? '') as { name?: string; attachments?: Attachment[] };
    if (method === 'conversations.create') expect(body.name).toMatch(/^[a-z0-9_-]{1,80}$/);
    else checkAttachments(body.attachments ?? []);
    return answers[method]?.shift() ?? { text: '{"ok": true}' };
  };
}

function checkAttachments(attachments: Attachment[]): void {
  expect(attachments.length).toBeGreaterThan(0);
  for (const attachment of attachments) {
    expect(Object.keys(attachment).filter((key) => !attachmentKeys.has(key))).toEqual([]);
    expect(attachment.color).toMatch(/^(good|warning|danger|#[0-9A-F]{6})$/);
    expect(Number.isInteger(attachment.ts)).toBe(true);
    for (const field of attachment.fields) expect(Object.keys(field)).toEqual(['title', 'value', 'short']);
  }
}

const refused = (error: string): RecordedAnswer => ({ text: JSON.stringify({ ok: false, error }) });
const contextOf = (http: FixtureOptions['http'], more: Partial<SlackOptions> = {}, env = {}) =>
  fixtureContext({ options: { ...options, ...more }, http: http ?? fakeSlack(), env });
const methods = (ctx: ReturnType<typeof contextOf>): string[] =>
  ctx.requests.map(({ url }) => url.replace('https://slack.com/api/', ''));

async function posted(event = testEvent('problem'), more: Partial<SlackOptions> = {}) {
  const ctx = contextOf(fakeSlack(), more);
  expect((await runVerb(slack, ctx, event)).status).toBe('done');
  expect(methods(ctx)).toEqual(['chat.postMessage']);
  return JSON.parse(ctx.requests[0]?.body ?? '') as {
    channel: string;
    as_user?: true;
    attachments: Attachment[];
  };
}

describe('a message', () => {
  it('has the fields that OpsBro has always sent', async () => {
    expect(await posted()).toEqual({
      channel: '#alerts',
      text: '',
      attachments: [
        {
          fallback: 'CRITICAL Load average on web1',
          pretext: ' ',
          text: 'load is 42\ncpu0 98%\ncpu1 97%\nrestart the queue first\nhttps://wiki.example.org/load',
          color: 'danger',
          author_name: 'web1 [Load average]',
          footer: 'Send by OpsBro on web1 [Load average]',
          ts: 1767268800,
          fields: [
            { title: 'Node', value: 'web1', short: true },
            { title: 'Check', value: 'load', short: true },
            { title: 'Before', value: 'ok', short: true },
            { title: 'team', value: 'web', short: true },
          ],
        },
      ],
    });
  });

  it.each([
    ['recovery', {}, 'good', 'load is 0.1'],
    ['problem', { state: 'warning' }, 'warning', 'load is 42'],
    ['problem', { state: 'unknown' }, '#764FA5', 'load is 42'],
    ['group', {}, 'good', 'The group redis was add'],
    ['group', { modification: 'remove' }, 'danger', 'The group redis was remove'],
    ['agent', {}, 'warning', 'something happened'],
    ['node', {}, 'danger', 'node db1 is dead (zone paris)'],
    ['node', { what: 'alive' }, 'good', 'node db1 is dead (zone paris)'],
    ['test', {}, '#439FE0', 'something happened'],
  ] as const)('of a %s %j is %s', async (type, data, color, text) => {
    const { attachments } = await posted(testEvent(type, data));
    expect(attachments).toMatchObject([{ color, text: expect.stringContaining(text) }]);
    if (type === 'group') expect(attachments[0]?.fields[1]?.title).toMatch(/^Group:(add|remove)$/);
    if (type === 'node')
      expect(attachments[0]?.fields.at(-1)).toMatchObject({ title: 'Seen by', value: 'web1' });
    if (type === 'test') expect(attachments[0]).toMatchObject({ pretext: '[TEST] OpsBro on web1' });
  });

  it('has one attachment per check of a group of alerts', async () => {
    const alerts = ['warning', 'critical'].map((state) => ({ ...testEvent('problem').data, state }));
    const { attachments } = await posted(testEvent('problem', { alerts }));
    expect(attachments.map(({ color }) => color)).toEqual(['warning', 'danger']);
  });

  it('says of how many more checks it tells nothing', async () => {
    const alerts = Array.from({ length: 25 }, (_, index) => ({
      ...testEvent('problem').data,
      name: `disk${index}`,
      display_name: `disk${index}`,
    }));
    const { attachments } = await posted(testEvent('problem', { alerts }));
    expect(attachments).toHaveLength(20);
    expect(attachments[18]?.fallback).toBe('CRITICAL disk18 on web1');
    expect(attachments[19]).toMatchObject({
      color: 'danger',
      text: expect.stringMatching(/^and 6 more:\nCRITICAL disk19: load is 42\n[\s\S]*disk24: load is 42$/),
    });
  });

  it('grows no larger than Slack takes, however many checks have much to say', async () => {
    const alerts = Array.from({ length: 40 }, () => ({
      ...testEvent('problem').data,
      output: 'x'.repeat(5000),
    }));
    const { attachments } = await posted(testEvent('problem', { alerts }));
    expect(attachments.map(({ text }) => text).join('').length).toBeLessThan(16_000);
    const [alone] = (await posted(testEvent('problem', alerts[0]))).attachments;
    expect(alone?.text).toHaveLength(3000);
  });

  it('cannot call a whole channel by an output', async () => {
    const { attachments } = await posted(
      testEvent('problem', { output: '<!channel> & more', long_output: '' }),
    );
    expect(attachments[0]?.text).toMatch(/^&lt;!channel&gt; &amp; more/);
  });

  it('is posted as the user of a legacy token', async () => {
    expect((await posted(testEvent('test'), { token: 'xoxp-old' })).as_user).toBe(true);
  });
});

describe('the token', () => {
  it('may be in the environment of the agent', async () => {
    const ctx = contextOf(fakeSlack(), { token: '' }, { SLACK_TOKEN: 'xoxb-env' });
    await runVerb(slack, ctx, testEvent('problem'));
    expect(ctx.requests[0]?.headers?.authorization).toBe('Bearer xoxb-env');
  });

  it('is asked for where there is none', async () => {
    const error = { code: 'OPSBRO_HOST_DELIVERY', permanent: true };
    await expect(
      runVerb(slack, contextOf(fakeSlack(), { token: '' }), testEvent('test')),
    ).rejects.toMatchObject(error);
  });
});

describe('a channel that does not exist', () => {
  it('is created once, and the message sent again to what was created', async () => {
    const created = { text: '{"ok": true, "channel": {"id": "C0123456789", "name": "ops-alerts"}}' };
    const ctx = contextOf(
      fakeSlack({
        'chat.postMessage': [refused('channel_not_found')],
        'conversations.create': [created],
      }),
      { channel: '#ops-alerts' },
    );
    expect((await runVerb(slack, ctx, testEvent('problem'))).status).toBe('done');
    expect(methods(ctx)).toEqual(['chat.postMessage', 'conversations.create', 'chat.postMessage']);
    expect(ctx.requests[1]?.body).toBe('{"name":"ops-alerts"}');
    expect(JSON.parse(ctx.requests[2]?.body ?? '')).toMatchObject({ channel: 'C0123456789' });
  });

  it.each([
    ['#Ops Alerts', '#ops-alerts'],
    ['Ops.Alerts', 'ops-alerts'],
    ['C0123456789', 'C0123456789'],
    ['U0123456789', 'U0123456789'],
    ['@Bob', '@Bob'],
  ])('is looked for by the name that it would get: %s by %s', async (channel, name) => {
    expect((await posted(testEvent('problem'), { channel })).channel).toBe(name);
  });

  it.each([
    [
      'is not created a second time',
      '#alerts',
      refused('channel_not_found'),
      undefined,
      3,
      'channel_not_found',
    ],
    [
      'cannot be created where it is private',
      '#alerts',
      undefined,
      refused('name_taken'),
      2,
      'invite the app',
    ],
    ['is not created by its id', 'C0123456789', undefined, undefined, 1, 'channel_not_found'],
    ['is not created for a user', 'U0123456789', undefined, undefined, 1, 'channel_not_found'],
    [
      'is not created for an answer of no sense',
      '#alerts',
      undefined,
      { text: 'null' },
      2,
      'no reason given',
    ],
  ])('%s', async (_, channel, again, created, requests, reason) => {
    const ctx = contextOf(
      fakeSlack({
        'chat.postMessage': [refused('channel_not_found'), ...(again ? [again] : [])],
        'conversations.create': created ? [created] : [],
      }),
      { channel },
    );
    await expect(runVerb(slack, ctx, testEvent('problem'))).rejects.toMatchObject({
      permanent: true,
      message: expect.stringContaining(reason),
    });
    expect(ctx.requests).toHaveLength(requests);
  });
});

describe('a refusal', () => {
  it.each([
    [
      { status: 429, headers: { 'retry-after': '30' } },
      { permanent: false, retryAfterMs: 30_000 },
    ],
    [{ status: 503 }, { permanent: false }],
    [refused('ratelimited'), { permanent: false }],
    [refused('internal_error'), { permanent: false }],
    [refused('team_added_to_org'), { permanent: false }],
    [refused('org_login_required'), { permanent: false }],
    [refused('message_limit_exceeded'), { permanent: false }],
    [refused('invalid_auth'), { permanent: true }],
    [refused('missing_scope'), { permanent: true }],
    [{ text: '<html>' }, { permanent: false }],
  ])('of %j asks for %j', async (answer, hints) => {
    const ctx = contextOf(fakeSlack({ 'chat.postMessage': [answer] }));
    const error = await runVerb(slack, ctx, testEvent('problem')).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: 'OPSBRO_HOST_DELIVERY', ...hints });
    expect((error as Error).message).not.toContain('xoxb-1-token');
  });
});

it('posts to an incoming webhook without a token', async () => {
  const webhook_url = 'https://hooks.slack.com/services/T0/B0/secret';
  const ctx = contextOf({ [`POST ${webhook_url}`]: { text: 'ok' } }, { webhook_url, token: '' });
  await runVerb(slack, ctx, testEvent('problem'));
  expect(ctx.requests[0]?.headers?.authorization).toBeUndefined();
  checkAttachments((JSON.parse(ctx.requests[0]?.body ?? '') as { attachments: Attachment[] }).attachments);
  const gone = contextOf(() => ({ status: 404, text: 'no_service' }), { webhook_url });
  await expect(runVerb(slack, gone, testEvent('problem'))).rejects.toThrow(
    'https://hooks.slack.com/…: answers 404: no_service',
  );
});

describe('compliance', () => {
  for (const test of complianceSuite('handler', folder, slack, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
