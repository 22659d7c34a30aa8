import { readFileSync } from 'node:fs';
import type { HandlerEvent, HttpRequest, Manifest } from 'opsbro/sdk';
import { complianceSuite, fixtureContext, type RecordedAnswer, runVerb, testEvent } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import ntfy from './index.ts';
import type { NtfyMessage, NtfyOptions } from './message.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;
const options: NtfyOptions = {
  topic: 's3cret-topic',
  server: 'https://ntfy.sh',
  token: '',
  username: '',
  password: '',
  ca_file: '',
};
const fields = new Set(
  'topic message title tags priority actions click attach markdown icon filename delay email call'.split(' '),
);

/** Publishing as JSON as documented: to the root of the server, a message of at most 4,096 bytes. */
function fakeNtfy({ url, method, body = '' }: HttpRequest): RecordedAnswer {
  expect([url, method]).toEqual(['https://ntfy.sh', 'POST']);
  const message = JSON.parse(body) as NtfyMessage;
  expect(Object.keys(message).filter((key) => !fields.has(key))).toEqual([]);
  expect(message.topic).toMatch(/^[-_A-Za-z0-9]{1,64}$/);
  expect(Buffer.byteLength(message.message)).toBeLessThanOrEqual(4096);
  expect([1, 2, 3, 4, 5]).toContain(message.priority);
  expect(message.tags.every((tag) => /^\w+$/.test(tag))).toBe(true);
  return { text: '{"id":"x","event":"message"}' };
}

async function request(event: HandlerEvent, more: Partial<NtfyOptions> = {}): Promise<HttpRequest> {
  const ctx = fixtureContext({ options: { ...options, ...more }, http: fakeNtfy });
  expect((await runVerb(ntfy, ctx, event)).status).toBe('done');
  return ctx.requests[0] as HttpRequest;
}

describe('a message', () => {
  it('says what happened, and opens the runbook', async () => {
    const { body, headers } = await request(testEvent('problem'));
    expect(JSON.parse(body ?? '')).toEqual({
      topic: 's3cret-topic',
      title: 'CRITICAL Load average on web1',
      message: 'load is 42\ncpu0 98%\ncpu1 97%\nrestart the queue first\nhttps://wiki.example.org/load',
      tags: ['rotating_light'],
      priority: 5,
      click: 'https://wiki.example.org/load',
    });
    expect(headers?.authorization).toBeUndefined();
  });

  it.each([
    ['recovery', {}, 3, 'white_check_mark'],
    ['problem', { state: 'unknown' }, 4, 'question'],
    ['group', {}, 2, 'information_source'],
  ] as const)('of a %s %j has priority %i', async (type, data, priority, tag) => {
    const { body } = await request(testEvent(type, data));
    expect(JSON.parse(body ?? '')).toMatchObject({ priority, tags: [tag] });
  });

  it('is cut to what ntfy shows', async () => {
    await request(testEvent('problem', { output: '€'.repeat(5000) }));
  });

  it.each([
    [{ token: 'tk_1' }, 'Bearer tk_1'],
    [{ username: 'ann', password: 'pässword' }, 'Basic YW5uOnDDpHNzd29yZA=='],
  ])('authenticates with %j', async (more, expected) => {
    expect((await request(testEvent('test'), more)).headers?.authorization).toBe(expected);
  });
});

it.each([
  [{ status: 429, text: '{"code":42901,"error":"limit reached"}' }, { permanent: false }],
  [{ status: 403, text: '{"error":"forbidden: s3cret-topic"}' }, { permanent: true }],
])('hands %j on as %j, without the topic', async (answer, hints) => {
  const ctx = fixtureContext({ options, http: () => answer });
  const error = await runVerb(ntfy, ctx, testEvent('problem')).catch((thrown) => thrown);
  expect(error).toMatchObject({ code: 'OPSBRO_HOST_DELIVERY', ...hints });
  expect(error.message).not.toContain('s3cret-topic');
});

describe('compliance', () => {
  for (const test of complianceSuite('handler', folder, ntfy, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
