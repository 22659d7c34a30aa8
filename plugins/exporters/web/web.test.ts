import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { Manifest, RouteReply, RouteRequest } from 'opsbro/sdk';
import { complianceSuite, serviceContext } from 'opsbro/sdk/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import web from './index.ts';
import type { Options } from './options.ts';
import { WebExporter } from './web-exporter.ts';

const fixture = fileURLToPath(new URL('testdata/page', import.meta.url));
const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;
const scratch = mkdtempSync(join(tmpdir(), 'opsbro-web-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const asked = (route: string, path = ''): RouteRequest => {
  const params: { [name: string]: string } = path === '' ? {} : { path };
  return { route, method: 'GET', params, query: {}, body: null };
};
const textOf = ({ body }: RouteReply): string => gunzipSync(body as Uint8Array).toString();

describe('the files of the page', () => {
  it('are answered packed, typed, with a policy that runs nothing else', async () => {
    const page = await WebExporter.open(serviceContext<Options>({ options: { badges: [] } }), fixture);
    const index = page.answer(asked('/ui/*path'));
    expect(index).toMatchObject({ status: 200, type: 'text/html; charset=utf-8' });
    expect(textOf(index)).toContain('<title>a page</title>');
    expect(index.headers).toMatchObject({
      'cache-control': 'no-cache',
      'content-encoding': 'gzip',
      etag: expect.stringMatching(/^"[\w-]{22}"$/),
    });
    expect(index.headers?.['content-security-policy']).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self'; .*frame-ancestors 'none'$/,
    );
    const script = page.answer(asked('/ui/*path', 'assets/index-AbCd_123.js'));
    expect(script.type).toBe('text/javascript; charset=utf-8');
    expect(script.headers?.['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(page.answer(asked('/ui/*path', 'assets/plain.json')).headers?.['cache-control']).toBe('no-cache');
    // What an answer gives away is not what the next one needs.
    expect(textOf(page.answer(asked('/ui/*path', 'index.html')))).toBe(textOf(index));
    expect(page.answer(asked('/ui'))).toMatchObject({ status: 302, headers: { location: 'ui/' } });
  });

  it.each([
    ...['../options.ts', '..%2foptions.ts', 'assets/../../../options.ts', '/etc/passwd', 'assets', 'assets/'],
    ...['assets/source.map', 'link.html', 'toString', '__proto__', 'index.html/', './index.html'],
  ])('are all there is: %s is not', async (path) => {
    const folder = mkdtempSync(join(scratch, 'page-'));
    writeFileSync(join(folder, 'index.html'), 'x');
    symlinkSync('/etc/hostname', join(folder, 'link.html'));
    for (const each of [fixture, folder]) {
      const page = await WebExporter.open(serviceContext<Options>({ options: { badges: [] } }), each);
      expect(page.answer(asked('/ui/*path', path))).toMatchObject({ status: 404 });
    }
  });

  it('that are not built are told of', async () => {
    const ctx = serviceContext<Options>({ options: { badges: [] } });
    const page = await WebExporter.open(ctx, join(scratch, 'none'));
    expect(page.answer(asked('/ui/*path'))).toMatchObject({ status: 503 });
    expect(ctx.logs.map(({ message }) => message)).toEqual([expect.stringContaining('npm run build')]);
  });
});

describe('exporter/web', () => {
  it('answers the routes of its manifest', async () => {
    const ctx = serviceContext<Options>({ options: { badges: [] } });
    await web.start(ctx);
    expect(await ctx.request(asked('/ui'))).toMatchObject({ status: 302 });
    await web.stop();
  });
  for (const test of complianceSuite('exporter', folder, web, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
