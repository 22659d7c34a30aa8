import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certificatesMissing, type TestCertificates, testCertificates } from 'opsbro/sdk/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Door } from './door.ts';
import http from './index.ts';
import { ask, closeSockets, defaults, route, send, start } from './sample-service.ts';
import { readPair, watchPair } from './tls-files.ts';

const isSkipped = certificatesMissing !== undefined && process.env.OPSBRO_TEST_REQUIRE !== 'all';

describe.skipIf(isSkipped)('TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'opsbro-http-tls-'));
  const files = { certificate: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  let pairs: TestCertificates[];
  const put = ({ cert, key }: TestCertificates): void => {
    writeFileSync(files.certificate, cert);
    writeFileSync(files.key, key);
  };
  const authority = (at: number): string => readFileSync(pairs[at]?.caFile ?? '', 'utf8');

  beforeAll(() => {
    pairs = [testCertificates(), testCertificates()];
    put(pairs[0] as TestCertificates);
  });
  afterEach(async () => {
    closeSockets();
    await http.stop();
  });
  afterAll(() => {
    for (const each of pairs) each.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is spoken with the given certificate, and clear text no more', async () => {
    const { port } = await start({ tls_certificate: files.certificate, tls_key: files.key }, [
      route('/read'),
    ]);
    expect((await ask(port, '/read', { ca: authority(0) })).status).toBe(200);
    const offer = { connection: 'upgrade', upgrade: 'h2c' };
    expect((await ask(port, '/read', { ca: authority(0), headers: offer })).status).toBe(200);
    expect(await send(port, 'GET /read HTTP/1.1\r\nhost: localhost\r\n\r\n')).toBe('');
  });

  it('takes up a certificate that is replaced, and keeps the old one while the new is none', async () => {
    const bounds = {
      maxConnections: 9,
      maxConnectionsOfClient: 9,
      clientOf: () => undefined,
      isUpgrade: () => false,
      upgrade: () => undefined,
    };
    const times = { headerTimeoutMs: 9000, requestTimeoutMs: 9000, answerTimeoutMs: 9000 };
    const { address, port: freePort } = defaults;
    const pair = readPair(files.certificate, files.key);
    const door = new Door({ address, port: freePort, pair, ...bounds, ...times }, (_, response) =>
      response.end(),
    );
    const port = Number(new URL(await door.open()).port);
    const errors: string[] = [];
    const endWatch = watchPair(
      { ...files, intervalMs: 20 },
      (next) => door.usePair(next),
      ({ message }) => errors.push(message),
    );
    const status = async (at: number) =>
      (await ask(port, '/', { ca: authority(at) }).catch(() => undefined))?.status;
    expect([await status(0), await status(1)]).toEqual([200, undefined]);
    writeFileSync(files.certificate, 'nothing');
    await expect.poll(() => errors.at(-1)).toMatch(/are no certificate and its key/);
    expect(await status(0)).toBe(200);
    put(pairs[1] as TestCertificates);
    await expect.poll(() => status(1)).toBe(200);
    endWatch();
    await door.close(0);
  });

  it('keeps the pair that was used last where the options name one that cannot be read, and says so', async () => {
    put(pairs[0] as TestCertificates);
    const first = await start({ tls_certificate: files.certificate, tls_key: files.key }, [route('/read')]);
    expect(first.ctx.state).toEqual({ tls: [files.certificate, files.key] });
    closeSockets();
    await http.stop();
    const other = join(folder, 'absent.pem');
    const options = { tls_certificate: other, tls_key: files.key };
    const { port, ctx } = await start(options, [route('/read')], undefined, first.ctx.state);
    expect((await ask(port, '/read', { ca: authority(0) })).status).toBe(200);
    expect(ctx.logs).toContainEqual(
      expect.objectContaining({
        level: 'error',
        message: `goes on with ${files.certificate} until it can use the new one: cannot read 'tls_certificate' ${other}: ENOENT`,
      }),
    );
  });
});
