import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startPush, type TestPush } from '../../plugins/listeners/overc/test-push.ts';
import { freePort } from '../free-port.ts';
import { overcli } from '../overcli/overcli-run.ts';
import { opsbro } from './cli-run.ts';

const isHere = spawnSync('nginx', ['-v']).status === 0;
const isRequired = process.env.OPSBRO_TEST_REQUIRE === 'all';

let scratch: string;
let push: TestPush | undefined;
let nginx: ChildProcess | undefined;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'opsbro-site-'));
});
afterEach(async () => {
  if (nginx !== undefined) {
    const ended = once(nginx, 'exit');
    nginx.kill();
    await ended;
  }
  await push?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

const generate = (yaml: string, ...words: string[]) => {
  writeFileSync(join(scratch, 'services.yml'), yaml);
  return opsbro(['generate', 'nginx', '--config', scratch, '--data', join(scratch, 'data'), ...words]);
};

/** The whole of a configuration around the site, which listens at a port of its own and needs no root. */
function around(site: string, port: number): string {
  for (const folder of ['temp', 'logs']) mkdirSync(join(scratch, folder), { recursive: true });
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${scratch}/temp/${name};`)
    .join('\n');
  const file = join(scratch, 'nginx.conf');
  writeFileSync(
    file,
    `daemon off; master_process off; pid ${scratch}/pid; error_log ${scratch}/logs/error;
events {}
http { access_log off; ${paths}
${site.replace('listen 80;', `listen 127.0.0.1:${port};`)}}
`,
  );
  return file;
}

/** Reports as a client of that address, which claims another one. */
async function reportFrom(localAddress: string, port: number): Promise<void> {
  const headers = { 'content-type': 'application/json', 'x-forwarded-for': '192.0.2.9' };
  const options = { method: 'POST', path: '/api/set/service/status', port, localAddress, headers };
  const services = [{ name: 'a', state: 'OK' }];
  const sent = request(options);
  sent.end(JSON.stringify({ server: { name: 'web2', key: '1' }, period: 60, services }));
  const [answer] = await once(sent, 'response');
  expect(answer.statusCode).toBe(200);
  answer.resume();
}

describe('opsbro generate nginx', () => {
  it('says what services have to be told, until they were', async () => {
    const first = await generate('http: {}\nwebsocket: {}\n', '--name', 'mon.example.com');
    expect(first).toMatchObject({ code: 0, stdout: expect.stringContaining('server_name mon.example.com;') });
    const told = [...first.stderr.matchAll(/into a file of your directory: (.*)$/gm)].map(([, yaml]) => yaml);
    expect(told).toHaveLength(3);
    const second = await generate(`${told.join('\n')}\n`);
    expect(second).toMatchObject({ code: 0, stderr: '', stdout: first.stdout });
    expect(second.stdout).toMatch(/location \/opsbro\/ \{\n\s+proxy_pass http:\/\/127\.0\.0\.1:6770;/);
    expect(second.stdout).toMatch(/location \/ \{\n\s+proxy_pass http:\/\/127\.0\.0\.1:5000;/);
    expect(await generate('', '--name', 'a b;')).toMatchObject({ code: 2 });
  });

  it.skipIf(!isHere && !isRequired)(
    "passes nginx -t, and reports go through Debian's (needs nginx)",
    async () => {
      mkdirSync(join(scratch, 'push'));
      push = await startPush(join(scratch, 'push'), { trusted_proxies: ['127.0.0.1'] });
      const services = `overc: {enabled: true, port: ${push.overc.port}, trusted_proxies: [127.0.0.1]}`;
      const site = await generate(`${services}\nhttp: {}\nwebsocket: {}\n`);
      const port = await freePort();
      const file = around(site.stdout, port);
      const tested = spawnSync('nginx', ['-t', '-p', scratch, '-c', file], { encoding: 'utf8' });
      expect(tested).toMatchObject({ status: 0, stderr: expect.stringContaining('test is successful') });
      nginx = spawn('nginx', ['-p', scratch, '-c', file], { stdio: 'ignore' });
      const url = `http://127.0.0.1:${port}`;
      await expect
        .poll(() =>
          fetch(url).then(
            () => true,
            () => false,
          ),
        )
        .toBe(true);
      const report = await overcli(
        ['-s', url, '-i', 'web1:1234', 'service-status', '60', 'queue', 'OK', '3 items'],
        { OVERCLI_QUEUE: join(scratch, 'queue') },
      );
      expect(report).toEqual({ code: 0, stdout: '', stderr: '' });
      await reportFrom('127.0.0.2', port);
      const [, { servers }] = await push.get('/ui/api/status/');
      expect((servers as { name: string; ip: string }[]).map(({ name, ip }) => [name, ip])).toEqual([
        ['web1', '127.0.0.1'],
        ['web2', '127.0.0.2'],
      ]);
    },
  );
});
