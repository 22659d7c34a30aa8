import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { certificatesMissing, type TestCertificates, testCertificates } from 'opsbro/sdk/testing';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { createHttp } from '../../../threads/context/http.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const serve = (answer: Answer): Promise<number> => listen(createServer(answer));
const never = new AbortController().signal;
const client = (environment: { [name: string]: string } = {}, signal = never) =>
  createHttp(signal, (name) => environment[name]);

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of request) text += String(part);
  return text;
}

describe('a request', () => {
  it('sends method, headers and body, and gives status, headers and text', async () => {
    const port = await serve(async (request, response) => {
      const { method, url, headers } = request;
      response.writeHead(418, { 'X-One': ['a', 'b'], 'content-type': 'text/plain' });
      response.end(`${method} ${url} ${headers['x-asked']} ${await bodyOf(request)}`);
    });
    const answer = await client()({
      url: `http://127.0.0.1:${port}/a?b=c`,
      headers: { 'X-Asked': 'yes' },
      body: 'grüße',
    });
    expect(answer).toMatchObject({
      status: 418,
      headers: { 'x-one': 'a, b', 'content-type': 'text/plain' },
      text: 'POST /a?b=c yes grüße',
      truncated: false,
      url: `http://127.0.0.1:${port}/a?b=c`,
    });
  });

  it.each([
    ['text/plain', Buffer.from('grüße')],
    ['text/plain; charset=UTF-8', Buffer.from('grüße')],
    ['text/html; charset=ISO-8859-1', Buffer.from('grüße', 'latin1')],
    ['text/html;charset="windows-1252"; x=y', Buffer.from('grüße', 'latin1')],
    ['text/plain; charset=utf-16le', Buffer.from('grüße', 'utf16le')],
    ['text/plain; charset=none-such', Buffer.from('grüße')],
    ['text/plain; charset=ISO-8859-1', Buffer.from('grüße')],
  ])('reads a body by the character set of %s', async (type, bytes) => {
    const port = await serve((_, response) => {
      response.setHeader('content-type', type);
      response.end(bytes);
    });
    expect(await client()({ url: `http://127.0.0.1:${port}/` })).toMatchObject({ text: 'grüße' });
  });

  it('drops what is beyond maxBytes without waiting for the rest', async () => {
    const port = await serve((_, response) => {
      response.write('x'.repeat(100_000));
    });
    const answer = await client()({ url: `http://127.0.0.1:${port}/`, maxBytes: 1000 });
    expect([answer.text.length, answer.truncated]).toEqual([1000, true]);
  });

  it('tells another origin to which a redirect leads no header that may be a credential', async () => {
    const heard: IncomingHttpHeaders[] = [];
    const location = { here: '', there: '' };
    const answer: Answer = ({ url, headers }, response) => {
      heard.push(headers);
      const to = url === '/1' ? location.there : url === '/2' ? location.here : undefined;
      response.writeHead(to === undefined ? 200 : 307, to === undefined ? {} : { location: to }).end();
    };
    const [port, other] = [await serve(answer), await serve(answer)];
    location.there = `http://127.0.0.1:${other}/2`;
    location.here = `http://127.0.0.1:${port}/3`;
    await client()({
      url: `http://agent:s3cret@127.0.0.1:${port}/1`,
      headers: { 'X-Api-Key': 'token', 'User-Agent': 'opsbro' },
      maxRedirects: 5,
    });
    expect(heard.map((headers) => headers['x-api-key'])).toEqual(['token', undefined, undefined]);
    expect(heard[0]).toHaveProperty('authorization');
    for (const headers of heard.slice(1)) {
      expect(headers).toMatchObject({ 'user-agent': 'opsbro' });
      expect(headers).not.toHaveProperty('authorization');
    }
  });

  it('sends a header once, the last of its spellings', async () => {
    const port = await serve(({ rawHeaders }, response) => void response.end(JSON.stringify(rawHeaders)));
    const headers = { 'user-agent': 'opsbro', 'User-Agent': 'probe' };
    const { text } = await client()({ url: `http://127.0.0.1:${port}/`, headers });
    expect(text).toContain('"user-agent","probe"');
    expect(text).not.toContain('opsbro');
  });

  it.each([
    ['agent:s3cret%40%3A', {}, `Basic ${Buffer.from('agent:s3cret@:').toString('base64')}`],
    ['agent', {}, `Basic ${Buffer.from('agent:').toString('base64')}`],
    ['50%:x', {}, `Basic ${Buffer.from('50%:x').toString('base64')}`],
    ['agent:s3cret', { Authorization: 'Bearer token' }, 'Bearer token'],
  ])('logs in as %s of the URL, unless its headers %j do', async (login, headers, expected) => {
    const port = await serve(({ headers }, response) => void response.end(headers.authorization));
    const answer = await client()({ url: `http://${login}@127.0.0.1:${port}/`, headers });
    expect(answer.text).toBe(expected);
  });

  it.each([
    [301, 'POST', 'GET', ''],
    [302, 'POST', 'GET', ''],
    [303, 'POST', 'GET', ''],
    [303, 'PUT', 'GET', ''],
    [307, 'POST', 'POST', 'a=1'],
    [308, 'PUT', 'PUT', 'a=1'],
  ])(
    'follows a %i to a %s by %s, with the body or what is of it left out',
    async (status, method, then, body) => {
      const port = await serve(async (request, response) => {
        const text = await bodyOf(request);
        if (request.url === '/1') return response.writeHead(status, { location: '/2' }).end();
        const { 'content-type': type, 'content-length': length, 'x-key': key } = request.headers;
        return response.end(JSON.stringify([request.method, text, type, length ?? '0', key]));
      });
      const headers = { 'Content-Type': 'application/x-www-form-urlencoded', 'X-Key': 'k' };
      const { text } = await client()({
        ...{ url: `http://127.0.0.1:${port}/1`, method, headers, body: 'a=1', maxRedirects: 1 },
      });
      const type = body === '' ? null : 'application/x-www-form-urlencoded';
      expect(JSON.parse(text)).toEqual([then, body, type, String(body.length), 'k']);
    },
  );

  it('asks by HEAD where a redirect answers a HEAD', async () => {
    const asked: string[] = [];
    const port = await serve(({ method, url }, response) => {
      asked.push(`${method} ${url}`);
      response.writeHead(url === '/1' ? 303 : 200, url === '/1' ? { location: '/2' } : {}).end();
    });
    await client()({ url: `http://127.0.0.1:${port}/1`, method: 'HEAD', maxRedirects: 1 });
    expect(asked).toEqual(['HEAD /1', 'HEAD /2']);
  });

  it('follows redirects as far as it is told, credentials staying at home', async () => {
    const other = await serve(({ headers }, response) => void response.end(String(headers.authorization)));
    const port = await serve(({ url }, response) => {
      const location = url === '/1' ? '/2' : `http://127.0.0.1:${other}/end`;
      response.writeHead(302, { location }).end('moved');
    });
    const url = `http://127.0.0.1:${port}/1`;
    const headers = { authorization: 'Bearer token' };
    expect(await client()({ url, headers })).toMatchObject({ status: 302, headers: { location: '/2' } });
    expect(await client()({ url, headers, maxRedirects: 5 })).toMatchObject({
      status: 200,
      text: 'undefined',
      url: `http://127.0.0.1:${other}/end`,
    });
    expect(await client()({ url, headers, maxRedirects: 1 })).toMatchObject({ status: 302 });
  });
});

describe('a request that fails', () => {
  it.each(['ftp://host/', 'host', 'http://', 'file:///etc/passwd'])('refuses %s', async (url) => {
    await expect(client()({ url })).rejects.toMatchObject({ code: 'OPSBRO_HOST_NETWORK' });
  });

  it('names host, port and reason, never the path', async () => {
    const port = await serve(() => undefined);
    await new Promise((resolve) => servers.pop()?.close(resolve));
    const request = client()({ url: `http://127.0.0.1:${port}/services/secret` });
    await expect(request).rejects.toMatchObject({
      code: 'OPSBRO_HOST_NETWORK',
      message: `http://127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}`,
    });
    await expect(client()({ url: 'http://nothing.invalid/' })).rejects.toThrow('ENOTFOUND');
  });

  it.each([
    [{ HTTPS_PROXY: 'proxy:port:what' }, {}, 'HTTP_PROXY or HTTPS_PROXY: not a URL'],
    [{}, { 'bad name': 'x' }, 'invalid header key'],
    [{}, { name: 'a\nb' }, 'invalid name header'],
  ])('says what is wrong with %j %j', async (environment, headers, message) => {
    await expect(client(environment)({ url: 'http://127.0.0.1:9/', headers })).rejects.toMatchObject({
      code: 'OPSBRO_HOST_NETWORK',
      message: expect.stringContaining(message),
    });
  });

  it('ends at its timeout, also within the body', async () => {
    const port = await serve(({ url }, response) => {
      if (url === '/body') response.write('begun');
    });
    for (const path of ['head', 'body']) {
      const request = client()({ url: `http://127.0.0.1:${port}/${path}`, timeoutMs: 50 });
      await expect(request).rejects.toThrow(`http://127.0.0.1:${port}: no answer within 50 ms`);
    }
  });

  it('ends with its run', async () => {
    const controller = new AbortController();
    const port = await serve(() => controller.abort(new Error('the run ends')));
    const request = client({}, controller.signal)({ url: `http://127.0.0.1:${port}/` });
    await expect(request).rejects.toThrow('the run ends');
    await expect(client({}, controller.signal)({ url: 'http://127.0.0.1/' })).rejects.toThrow('the run ends');
  });

  it('says that the other side broke off', async () => {
    const port = await serve((request) => void request.socket.destroy());
    await expect(client()({ url: `http://127.0.0.1:${port}/` })).rejects.toMatchObject({
      code: 'OPSBRO_HOST_NETWORK',
    });
  });
});

describe.skipIf(certificatesMissing !== undefined)('TLS', () => {
  let made: TestCertificates | undefined;
  const certificates = (): TestCertificates => {
    made ??= testCertificates();
    return made;
  };
  afterAll(() => made?.remove());
  const secure = (): Promise<number> =>
    listen(createTlsServer(certificates(), (_, response) => void response.end('safe')));

  it('trusts the certificates of caFile, and no stranger without it', async () => {
    const url = `https://localhost:${await secure()}/`;
    expect(await client()({ url, caFile: certificates().caFile })).toMatchObject({ text: 'safe' });
    expect(await client()({ url, verifyTls: false })).toMatchObject({ text: 'safe' });
    await expect(client()({ url })).rejects.toThrow('unable to verify the first certificate');
    await expect(client()({ url, caFile: '/nowhere.pem' })).rejects.toMatchObject({
      code: 'OPSBRO_HOST_NETWORK',
      message: expect.stringContaining('the certificates in /nowhere.pem: ENOENT'),
    });
  });

  it('goes through the proxy of HTTPS_PROXY by CONNECT, unless NO_PROXY names the host', async () => {
    const port = await secure();
    const asked: string[] = [];
    const proxy = createServer();
    proxy.on('connect', ({ url, headers }, socket) => {
      asked.push(`${url} ${headers['proxy-authorization']}`);
      const upstream = connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        upstream.pipe(socket).pipe(upstream);
      });
      upstream.on('error', () => socket.destroy());
      socket.on('error', () => upstream.destroy());
    });
    const HTTPS_PROXY = `http://user:pass@127.0.0.1:${await listen(proxy)}`;
    const request = { url: `https://localhost:${port}/`, caFile: certificates().caFile };
    expect(await client({ HTTPS_PROXY })(request)).toMatchObject({ text: 'safe' });
    expect(asked).toEqual([`localhost:${port} Basic ${Buffer.from('user:pass').toString('base64')}`]);
    expect(await client({ HTTPS_PROXY, NO_PROXY: 'example.org,localhost' })(request)).toMatchObject({
      text: 'safe',
    });
    expect(asked).toHaveLength(1);
  });
});

it('asks the proxy of HTTP_PROXY for plain HTTP', async () => {
  const port = await serve(({ url, headers }, response) => void response.end(`${url} ${headers.host}`));
  const answer = await client({ http_proxy: `http://127.0.0.1:${port}` })({ url: 'http://web.invalid/a' });
  expect(answer.text).toBe('http://web.invalid/a web.invalid');
});
