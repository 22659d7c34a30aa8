import { expect, it } from 'vitest';
import { fixtureContext } from './index.ts';

it('answers requests from recordings and keeps what was asked', async () => {
  const ctx = fixtureContext({
    http: {
      'GET http://a/': { text: 'hello' },
      'POST http://a/': { status: 503 },
      'GET http://b/': new Error('down'),
    },
  });
  expect(await ctx.http({ url: 'http://a/' })).toMatchObject({
    status: 200,
    text: 'hello',
    url: 'http://a/',
  });
  expect(await ctx.http({ url: 'http://a/', body: '' })).toMatchObject({ status: 503 });
  await expect(ctx.http({ url: 'http://b/' })).rejects.toThrow('down');
  await expect(ctx.http({ url: 'http://c/' })).rejects.toMatchObject({ code: 'OPSBRO_HOST_NETWORK' });
  expect(ctx.requests.map(({ url }) => url)).toEqual(['http://a/', 'http://a/', 'http://b/', 'http://c/']);
});

it('never answers what is recorded to hang, until the run ends', async () => {
  const ctx = fixtureContext({ http: () => 'hang' });
  const hanging = ctx.http({ url: 'http://a/' });
  ctx.abort();
  await expect(hanging).rejects.toBe(ctx.signal.reason);
  await expect(ctx.http({ url: 'http://a/' })).rejects.toBe(ctx.signal.reason);
});

it('talks over recorded connections', async () => {
  const ctx = fixtureContext({
    tcp: { 'mail:25': { says: ['220 ready\r\n'] }, 'mail:26': new Error('refused') },
  });
  const connection = await ctx.tcp('mail', 25);
  expect([await connection.read({ until: '\n' }), await connection.read()]).toEqual(['220 ready\r\n', '']);
  await connection.write('QUIT\r\n');
  expect(ctx.written).toEqual(['QUIT\r\n']);
  await expect(ctx.tcp('mail', 26)).rejects.toThrow('refused');
  await expect(ctx.tcp('mail', 27)).rejects.toMatchObject({ code: 'OPSBRO_HOST_NETWORK' });
});

it('renders templates as the agent does', async () => {
  expect(await fixtureContext().render('{{ name | upper }}', { name: 'web1' })).toBe('WEB1');
});
