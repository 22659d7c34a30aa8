import { readFileSync } from 'node:fs';
import type { HandlerEvent, HttpRequest, Manifest } from 'opsbro/sdk';
import { complianceSuite, fixtureContext, type RecordedAnswer, runVerb, testEvent } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import telegram from './index.ts';
import type { TelegramMessage, TelegramOptions } from './message.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;
const options: TelegramOptions = {
  token: '123456:ABC-DEF',
  chat_id: -1001234567890,
  silent: ['ok', 'info'],
  endpoint: 'https://api.telegram.org',
  ca_file: '',
};
const parameters = new Set(
  (
    'business_connection_id chat_id message_thread_id text parse_mode entities link_preview_options ' +
    'disable_notification protect_content reply_parameters reply_markup'
  ).split(' '),
);

/** The method sendMessage of the Bot API as documented. */
function fakeTelegram({ url, method, body = '' }: HttpRequest): RecordedAnswer {
  expect([url, method]).toEqual(['https://api.telegram.org/bot123456:ABC-DEF/sendMessage', 'POST']);
  const message = JSON.parse(body) as TelegramMessage;
  expect(Object.keys(message).filter((key) => !parameters.has(key))).toEqual([]);
  expect(message.text.length).toBeGreaterThan(0);
  expect(message.text.length).toBeLessThanOrEqual(4096);
  return { text: JSON.stringify({ ok: true, result: { message_id: 1 } }) };
}

async function sent(event: HandlerEvent, more: Partial<TelegramOptions> = {}): Promise<TelegramMessage> {
  const ctx = fixtureContext({ options: { ...options, ...more }, http: fakeTelegram });
  expect((await runVerb(telegram, ctx, event)).status).toBe('done');
  return JSON.parse(ctx.requests[0]?.body ?? '') as TelegramMessage;
}

describe('a message', () => {
  it('says what happened, in plain text', async () => {
    expect(await sent(testEvent('problem', { output: '<b>*42*</b>' }))).toEqual({
      chat_id: -1001234567890,
      text:
        '🔴 CRITICAL Load average on web1\n<b>*42*</b>\ncpu0 98%\ncpu1 97%\nrestart the queue first\n' +
        'https://wiki.example.org/load\nBefore: ok\nteam: web',
      disable_notification: false,
      link_preview_options: { is_disabled: true },
    });
  });

  it('comes without a sound where the options say so, and into a topic', async () => {
    const recovery = testEvent('recovery');
    expect(await sent(recovery, { thread_id: 7, chat_id: '@ops' })).toMatchObject({
      chat_id: '@ops',
      message_thread_id: 7,
      disable_notification: true,
    });
    expect(await sent(recovery, { silent: [] })).toMatchObject({ disable_notification: false });
  });

  it('is cut to what Telegram takes', async () => {
    const { text } = await sent(testEvent('problem', { output: '😀'.repeat(5000) }));
    expect(text.endsWith('😀…')).toBe(true);
  });
});

it('follows a group that has become a supergroup, and says its new id', async () => {
  const moved = {
    status: 400,
    text: '{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-1009876543210}}',
  };
  const http = (request: HttpRequest): RecordedAnswer => {
    const answer = fakeTelegram(request);
    const { chat_id } = JSON.parse(request.body ?? '') as TelegramMessage;
    return chat_id === -4242 ? moved : chat_id === -1009876543210 ? answer : { status: 400 };
  };
  const ctx = fixtureContext({ options: { ...options, chat_id: -4242 }, http });
  expect((await runVerb(telegram, ctx, testEvent('problem'))).status).toBe('done');
  expect(ctx.logs).toContainEqual({
    level: 'warn',
    message: expect.stringContaining('supergroup'),
    fields: { chat_id: -1009876543210 },
  });
});

it.each([
  [
    {
      status: 429,
      text: '{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":34}}',
    },
    { permanent: false, retryAfterMs: 34_000 },
  ],
  [{ status: 400, text: '{"ok":false,"description":"Bad Request: chat not found"}' }, { permanent: true }],
  [{ status: 400, text: 'null' }, { permanent: true }],
  [{ status: 502 }, { permanent: false }],
])('hands %j on as %j, without the token', async (answer, hints) => {
  const ctx = fixtureContext({ options, http: () => answer });
  const error = await runVerb(telegram, ctx, testEvent('problem')).catch((thrown) => thrown);
  expect(error).toMatchObject({ code: 'OPSBRO_HOST_DELIVERY', ...hints });
  expect(error.message).not.toContain('ABC-DEF');
});

describe('compliance', () => {
  for (const test of complianceSuite('handler', folder, telegram, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
