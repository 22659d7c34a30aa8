import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { certificatesMissing, testCertificates } from 'opsbro/sdk/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { overcli, workplace } from '../overcli/overcli-run.ts';

const isSkipped = certificatesMissing !== undefined && process.env.OPSBRO_TEST_REQUIRE !== 'all';

describe.skipIf(isSkipped)('overcli over TLS', () => {
  const place = workplace();
  const asked: { url: string | undefined; authorization: string | undefined }[] = [];
  let certificates: ReturnType<typeof testCertificates>;
  let server: Server;
  let url = '';

  beforeAll(async () => {
    certificates = testCertificates();
    server = createServer({ key: certificates.key, cert: certificates.cert }, (request, response) => {
      asked.push({ url: request.url, authorization: request.headers.authorization });
      request.resume().once('end', () => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end('{"ok": 1}');
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `https://bob:word@127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.close();
    server.closeAllConnections();
    certificates.remove();
    place.remove();
  });

  const report = (env: { [name: string]: string } = {}) =>
    overcli(['-s', url, '-i', 'web1:1234', 'service-status', '60', 'app', 'OK'], {
      OVERCLI_QUEUE: place.queue,
      ...env,
    });

  it('sends nothing to a server whose certificate nobody vouches for, and keeps the report', async () => {
    const refused = await report();
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/queued: .*certificate/) });
    expect(asked).toEqual([]);
  });

  it('trusts an authority of one’s own, and sends what waited first', async () => {
    expect(await report({ NODE_EXTRA_CA_CERTS: certificates.caFile })).toEqual({
      ...{ code: 0, stdout: '', stderr: '' },
    });
    const one = { url: '/api/set/service/status', authorization: `Basic ${btoa('bob:word')}` };
    expect(asked).toEqual([one, one]);
  });
});
