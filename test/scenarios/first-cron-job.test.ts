import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testCertificates } from 'opsbro/sdk/testing';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../free-port.ts';
import { opsbro, root, run } from './cli-run.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

const scratch = mkdtempSync(join(tmpdir(), 'opsbro-first-'));
const mails: { to: string; user: string; subject: string }[] = [];
const certificates = testCertificates();
const smtp = new SMTPServer({
  key: certificates.key,
  cert: certificates.cert,
  onAuth: ({ username = '', password }, _session, done) =>
    password === 'word' ? done(null, { user: username }) : done(new Error('wrong password')),
  onData(stream, { envelope, user }, done) {
    let text = '';
    stream.on('data', (part: Buffer) => {
      text += part.toString();
    });
    stream.on('end', () => {
      const subject = /^Subject: (.*(?:\r\n[ \t].*)*)/m.exec(text)?.[1]?.replaceAll('\r\n', '') ?? '';
      mails.push({ to: envelope.rcptTo.map(({ address }) => address).join(), user: String(user), subject });
      done();
    });
  },
});
let agent: RealAgent;
let pushPort = 0;

const push =
  readFileSync(join(root, 'README.md'), 'utf8')
    .split(/^## /m)
    .find((part) => part.startsWith('Push\n')) ?? '';

/** A file of the README's section, as it stands there but for where the servers of this test are. */
function file(name: string): string {
  const text = new RegExp(`^\`\`\`yaml\\n(# my\\.d/${name}\\n[\\s\\S]*?)^\`\`\``, 'm').exec(push)?.[1] ?? '';
  const { port } = smtp.server.address() as { port: number };
  return text
    .replace('smtp.example.org:587', `localhost:${port}\n  ca_file: ${certificates.caFile}`)
    .replace('/etc/opsbro/smtp-password', join(scratch, 'smtp-password'))
    .replace('enabled: true', `enabled: true\n  port: ${pushPort}`);
}

/** Runs the commands of the fence that holds `mark`, as they stand there. */
async function commands(mark: string) {
  const text = [...push.matchAll(/^```sh\n([\s\S]*?)^```/gm)]
    .map(([, one = '']) => one)
    .find((one) => one.includes(mark));
  const env = { PATH: `${join(root, 'bin')}:${process.env.PATH}`, OPSBRO_DATA: agent.data };
  return run(
    '/bin/sh',
    ['-ec', (text ?? 'false').replaceAll('127.0.0.1:5000', `127.0.0.1:${pushPort}`)],
    env,
  );
}

const subjects = (): string[] => mails.map(({ subject }) => subject);

beforeAll(async () => {
  await once(smtp.listen(0, '127.0.0.1'), 'listening');
  pushPort = await freePort();
  writeFileSync(join(scratch, 'smtp-password'), 'word\n', { mode: 0o600 });
  mkdirSync(join(scratch, 'my.d'));
  agent = await startRealAgent({ config: join(scratch, 'my.d') });
});
afterAll(async () => {
  await agent?.dispose();
  await new Promise<void>((resolve) => smtp.close(resolve));
  certificates.remove();
  rmSync(scratch, { recursive: true, force: true });
});

it('watches a cron job by what the README says, and mails when it stops and when it is back', async () => {
  for (const name of ['mail.yml', 'push.yml']) {
    expect(file(name)).toContain(`# my.d/${name}`);
    agent.write(name, file(name));
  }
  await agent.until('the push server', () => fetch(`http://127.0.0.1:${pushPort}/`).catch(() => null));
  expect(await commands('handlers test mail')).toMatchObject({ code: 0 });
  // On a busy host shipped checks have problems of their own.
  expect(mails.filter(({ subject }) => subject.startsWith('[TEST]'))).toEqual([
    { to: 'you@example.org', user: 'you@example.org', subject: expect.any(String) },
  ]);
  const called = await agent.until('the check', async () => {
    const result = await commands('trial?create=1');
    return result.code === 0 && result;
  });
  expect(called.stdout).toMatch(/web1 trial.*OK/);
  const isOf = (state: RegExp) => (subject: string) => subject.includes('trial') && state.test(subject);
  await agent.until('the mail', async () => subjects().some(isOf(/critical/i)), 120_000);
  await commands('trial?create=1');
  await agent.until('the second mail', async () => subjects().some(isOf(/ok/i)));
  const [first = '', second = ''] = subjects().filter((subject) => subject.includes('trial'));
  expect([first, second].map((subject) => /critical|ok/i.exec(subject)?.[0])).toEqual(['critical', 'ok']);
  expect(mails.every(({ to }) => to === 'you@example.org')).toBe(true);
});

it('takes the JSON protocol from a client that nobody here wrote: curl, with what OverC documents', async () => {
  const url = `http://127.0.0.1:${pushPort}`;
  const post = async (path: string, body: string): Promise<[number, unknown]> => {
    const { stdout } = await run('curl', [
      ...[
        '-sS',
        '-w',
        '\n%{http_code} %{content_type}',
        '-H',
        'Content-Type: application/json',
        '-d',
        body,
        `${url}${path}`,
      ],
    ]);
    const [, answer = '', status = '', type = ''] = /^([\s\S]*)\n(\d+) (\S+)/.exec(stdout) ?? [];
    expect(type).toBe('application/json');
    return [Number(status), JSON.parse(answer)];
  };
  const server = '"server": { "name": "localhost", "key": "1234" }';
  expect(await post('/api/ping', `{ ${server} }`)).toEqual([200, { pong: 1 }]);
  const services = `{ ${server}, "period": 60, "services": [
    { "name": "application", "state": "OK", "info": "up 32h" },
    { "name": "cpu", "state": "WARN", "info": "98% load" },
    { "name": "queue", "state": "ERR", "info": "3000 items", "period": 300 },
    { "name": "lift", "state": "STUCK" }
  ] }`;
  expect(await post('/api/set/service/status', services)).toEqual([200, { ok: 1 }]);
  const alerts = `{ ${server}, "alerts": [ { "message": "System down" }, { "message": "Cannot check", "service": "queue" } ] }`;
  expect(await post('/api/set/alerts', alerts)).toEqual([200, { ok: 1 }]);
  const other = server.replace('1234', '4321');
  expect(await post('/api/ping', `{ ${other} }`)).toEqual([403, { error: 'Invalid server key' }]);
  expect(await post('/api/set/service/status', `{ ${server}, "period": 60 }`)).toEqual([
    ...[400, { error: 'Data: "services" key is missing' }],
  ]);
  const told = await agent.until('the checks', async () => {
    const { stdout } = await opsbro(['--data', agent.data, 'checks', 'state', '--json']);
    const checks = (JSON.parse(stdout) as { id: string; state: string; output: string }[]).filter(({ id }) =>
      id.startsWith('push/check/localhost/'),
    );
    return checks.length === 4 && checks;
  });
  expect(Object.fromEntries(told.map(({ id, state, output }) => [id.slice(21), [state, output]]))).toEqual({
    application: ['ok', 'up 32h'],
    cpu: ['warning', '98% load'],
    queue: ['critical', '3000 items'],
    lift: ['unknown', ' (sent unsupported state: "STUCK")'],
  });
  await agent.until('the alert', async () => subjects().some((subject) => subject.includes('System down')));
});
