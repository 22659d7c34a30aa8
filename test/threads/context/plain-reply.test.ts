import type { RouteReply } from 'opsbro/sdk';
import { describe, expect, it } from 'vitest';
import { owned, plainReply } from '../../../threads/context/plain-reply.ts';

const given = (reply: unknown): RouteReply => plainReply(reply as RouteReply);

describe('what a service answers a route with', () => {
  it.each([
    [undefined, { status: 200, body: null }],
    [
      { status: 404, body: { a: 1 } },
      { status: 404, body: { a: 1 } },
    ],
    [
      { status: 99, body: 1 },
      { status: 200, body: 1 },
    ],
    [
      { status: 'x', body: 1 },
      { status: 200, body: 1 },
    ],
    [
      { status: 200, type: 'text/html; charset=utf-8', body: new Uint8Array([1]) },
      { status: 200, type: 'text/html; charset=utf-8', body: new Uint8Array([1]) },
    ],
    [
      { status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body: new Uint8Array([1]) },
      { status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body: new Uint8Array([1]) },
    ],
    [
      { status: 200, type: 'text/html; charset=utf-8; x=y', body: new Uint8Array([1]) },
      { status: 200, body: new Uint8Array([1]) },
    ],
    [
      { status: 200, type: 'text/html\r\nx: y', body: new Uint8Array([1]) },
      { status: 200, body: new Uint8Array([1]) },
    ],
  ])('%j becomes %j', (reply, expected) => {
    expect(given(reply)).toEqual(expected);
  });

  it('may say how it is kept, and lead nowhere but below the path that was asked for', () => {
    const good = { 'cache-control': 'no-cache', etag: '"x"', location: 'ui/', 'content-encoding': 'gzip' };
    const body = new Uint8Array([1]);
    expect(given({ status: 302, body, headers: good })).toEqual({ status: 302, body, headers: good });
    const bad = {
      ...{ 'set-cookie': 'a=b', 'Cache-Control': 'x', etag: 'a\r\nb: c', 'content-encoding': 'br' },
      ...{ constructor: 'x', toString: 'y' },
    };
    expect(given({ status: 200, body: 1, headers: bad })).toEqual({ status: 200, body: 1 });
    for (const location of [
      '//evil.example',
      'https://evil.example',
      '/\\evil',
      '/x',
      'java\tscript:1',
      'x:y',
    ])
      expect(given({ status: 302, body: 1, headers: { location } })).toEqual({ status: 302, body: 1 });
  });

  it('is refused when it is no plain data or too much', () => {
    const code = 'OPSBRO_PLUGIN_RESULT';
    expect(() => given({ status: 200, body: () => 1 })).toThrow(expect.objectContaining({ code }));
    const body = new Uint8Array(16 * 1024 * 1024 + 1);
    expect(() => given({ status: 200, body })).toThrow(expect.objectContaining({ code }));
  });

  it('has memory of its own before that is given away', () => {
    const pooled = Buffer.from('abc');
    const whole = new Uint8Array(3);
    expect(owned(pooled).buffer.byteLength).toBe(3);
    expect(Buffer.from(owned(pooled)).toString()).toBe('abc');
    expect(owned(whole)).toBe(whole);
  });
});
