import { describe, expect, it } from 'vitest';
import {
  DeliveryError,
  deliver,
  isRetriedStatus,
  parseRetryAfter,
  redactText,
  redactUrl,
} from './delivery.ts';
import { fixtureContext, testClock } from './testing/index.ts';

const url = 'https://hooks.example.org/services/T0/s3cret-token?key=also';

describe('a status', () => {
  it.each([408, 421, 425, 429, 500, 502, 503, 504, 520, 599])('%i is tried again', (status) => {
    expect(isRetriedStatus(status)).toBe(true);
  });

  it.each([301, 304, 400, 401, 403, 404, 405, 410, 413, 415, 422, 501, 505])('%i is final', (status) => {
    expect(isRetriedStatus(status)).toBe(false);
  });
});

describe('Retry-After', () => {
  const now = Date.UTC(2026, 0, 1, 12, 0, 0);
  it.each([
    ['30', 30_000],
    ['0', 0],
    ['0.25', 250],
    [' 5 ', 5000],
    ['Thu, 01 Jan 2026 12:01:00 GMT', 60_000],
    ['Thu, 01 Jan 2026 11:00:00 GMT', 0],
    ['99999999', 86_400_000],
    ['soon', undefined],
    ['-5', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j asks for %j ms', (header, expected) => {
    expect(parseRetryAfter(header, now)).toBe(expected);
  });
});

describe('redaction', () => {
  it.each([
    [url, 'https://hooks.example.org/…'],
    ['https://user:pass@ntfy.sh:8443/', 'https://ntfy.sh:8443'],
    ['https://ntfy.sh', 'https://ntfy.sh'],
    ['nonsense', '(not a URL)'],
  ])('shows of %s only %s', (given, shown) => {
    expect(redactUrl(given)).toBe(shown);
  });

  it('hides secrets, the longest first, and leaves short words alone', () => {
    expect(redactText('token abcdef in abcd, or ok', ['abcd', 'abcdef', 'ok', ''])).toBe(
      'token ******** in ********, or ok',
    );
  });
});

describe('deliver', () => {
  const clock = testClock(Date.UTC(2026, 0, 1));

  it('posts JSON and gives the answer', async () => {
    const ctx = fixtureContext({ clock, http: () => ({ status: 204 }) });
    expect(await deliver(ctx, { url, json: { text: 'down' }, headers: { 'x-a': 'b' } })).toMatchObject({
      status: 204,
    });
    expect(ctx.requests).toEqual([
      {
        url,
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-a': 'b' },
        body: '{"text":"down"}',
      },
    ]);
  });

  it.each([
    [{ status: 503, headers: { 'retry-after': '7' } }, { retryAfterMs: 7000, permanent: false }, '503'],
    [{ status: 429 }, { permanent: false }, '429'],
    [
      { status: 429, text: '{"retry_after":0.5}' },
      { permanent: false, retryAfterMs: 500 },
      '429: {"retry_after":0.5}',
    ],
    [
      { status: 429, text: '{"parameters":{"retry_after":35}}' },
      { permanent: false, retryAfterMs: 35_000 },
      '429: {"parameters":{"retry_after":35}}',
    ],
    [{ status: 400, text: 'no\n  channel' }, { permanent: true }, '400: no channel'],
    [{ status: 404, text: `no ${url} here` }, { permanent: true }, '404: no ******** here'],
    [{ status: 403, text: 'bad s3cret-token' }, { permanent: true }, '403: bad ********'],
  ])('refuses %j', async (answer, hints, said) => {
    const ctx = fixtureContext({ clock, http: () => answer });
    const error = await deliver(ctx, { url, json: {}, secrets: ['s3cret-token'] }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(DeliveryError);
    expect(error).toMatchObject({ code: 'OPSBRO_HOST_DELIVERY', ...hints });
    expect(error.message).toBe(`https://hooks.example.org/…: answers ${said}`);
  });

  it.each([
    ['cut in two by the limit of what is quoted', `${'x'.repeat(297)}s3cret-token`],
    ['of the path by itself', 'no hook T0/s3cret-token'],
    ['of the query by itself', 'no key also'],
    ['of the user', 'no agent hunter2'],
    ['as it is before escaping', 'no token a b&c'],
    ['with a space in it', 'no token a b&c, also'],
  ])('shows no secret %s', async (_, text) => {
    const ctx = fixtureContext({ http: () => ({ status: 400, text }) });
    const whole = 'https://agent:hunter2@hooks.example.org/T0/s3cret-token?key=also&token=a%20b%26c';
    const { message } = await deliver(ctx, { url: whole, json: {} }).catch((thrown) => thrown);
    expect(message).toMatch(/^https:\/\/hooks\.example\.org\/…: answers 400: (no|x)/);
    expect(message).not.toMatch(/s3c|also|hunter2|a b&c/);
  });

  it.each([201, 400])(
    'says in the log what was sent and what the service answered by %i, without secrets',
    async (status) => {
      const ctx = fixtureContext({ http: () => ({ status, text: 'taken\nby s3cret-token' }) });
      await deliver(ctx, { url, json: { a: 'é' }, secrets: ['s3cret-token'] }).catch(() => undefined);
      expect(ctx.logs).toEqual([
        { level: 'debug', message: 'POST https://hooks.example.org/…: 9 characters of application/json' },
        { level: 'debug', message: `https://hooks.example.org/…: answers ${status}: taken by ********` },
      ]);
    },
  );

  it.each([
    ['https://elsewhere.org/login?token=x', 'https://elsewhere.org/…'],
    ['/login?token=x', 'https://hooks.example.org/…'],
    ['https://[bad', '(not a URL)'],
  ])('does not follow a redirect, and names where %s leads', async (location, shown) => {
    const ctx = fixtureContext({ http: () => ({ status: 302, headers: { location } }) });
    await expect(deliver(ctx, { url, json: {} })).rejects.toThrow(
      `https://hooks.example.org/…: redirects to ${shown}; answers 302`,
    );
    expect(ctx.requests).toHaveLength(1);
  });

  it('sends no half of a character, for which services refuse a whole message', async () => {
    const ctx = fixtureContext({ http: () => ({ status: 204 }) });
    await deliver(ctx, { url, json: { text: 'disk 💾 full \ud83d', more: ['\udcbe'] } });
    expect(ctx.requests[0]?.body).toBe('{"text":"disk 💾 full \ufffd","more":["\ufffd"]}');
  });
});
