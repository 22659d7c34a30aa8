import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CheckView, HistoryView } from '../../control/shapes.ts';
import { type RealAgent, type RealAgentOptions, startRealAgent } from './real-agent.ts';

/** A busy machine takes its time. */
const deadlineMs = 60_000;
const token = 'xoxb-1-token';

interface Mail {
  to: string[];
  subject: string;
  text: string;
}

interface Post {
  channel: string;
  attachments: { fallback: string; text: string; color: string }[];
}

let scratch: string;
let disk: string;
let agent: RealAgent | undefined;
let smtp: SMTPServer;
let slack: Server;
let mails: Mail[];
let posts: Post[];

beforeEach(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'opsbro-disk-'));
  disk = join(scratch, 'disk');
  mkdirSync(disk);
  [mails, posts] = [[], []];
  smtp = smtpServer();
  slack = slackServer();
  await Promise.all([once(smtp.listen(0, '127.0.0.1'), 'listening'), once(slack, 'listening')]);
});

afterEach(async () => {
  await agent?.dispose();
  await new Promise<void>((resolve) => smtp.close(resolve));
  slack.close();
  spawnSync('umount', ['--lazy', disk]);
  rmSync(scratch, { recursive: true, force: true });
});

function mount(at: string): string | null {
  const options = ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', at];
  const { status, error, stderr } = spawnSync('mount', options, { encoding: 'utf8' });
  return status === 0 ? null : (error?.message ?? stderr.trim());
}

/** Why no file system can be mounted here; null when it can. */
function mountRefused(): string | null {
  const probe = mkdtempSync(join(tmpdir(), 'opsbro-mount-'));
  const reason = mount(probe);
  if (reason === null) spawnSync('umount', [probe]);
  rmSync(probe, { recursive: true });
  if (reason !== null && process.env.OPSBRO_TEST_REQUIRE === 'all')
    throw new Error(`cannot mount a tmpfs: ${reason}`);
  return reason;
}

const refused = mountRefused();
const where = refused === null ? '' : ` (skipped: ${refused})`;

/** The shipped checks may have something to say of a busy machine; only the scratch disk's mails are kept. */
function smtpServer(): SMTPServer {
  return new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, { envelope }, done) {
      void textOf(stream).then((message) => {
        const subject = /^Subject: (.*)\r$/m.exec(message)?.[1] ?? '';
        const text = message.replaceAll('=\r\n', '');
        const to = envelope.rcptTo.map(({ address }) => address);
        if (subject.includes('scratch-disk')) mails.push({ to, subject, text });
        done();
      });
    },
  });
}

/** Slack's API as documented: the method in the path, the token in a header, JSON, 200 with `ok: false` for what it refuses. */
function slackServer(): Server {
  return createServer((request, response) => {
    void textOf(request).then((body) => {
      const error = slackError(request, body);
      response.setHeader('content-type', 'application/json; charset=utf-8');
      response.end(
        JSON.stringify(error === null ? { ok: true, ts: '1503435956.000247' } : { ok: false, error }),
      );
    });
  }).listen(0, '127.0.0.1');
}

function slackError({ method, url, headers }: IncomingMessage, body: string): string | null {
  if (method !== 'POST' || url !== '/api/chat.postMessage') return 'unknown_method';
  if (headers.authorization !== `Bearer ${token}`) return 'invalid_auth';
  if (!/^application\/json;/.test(headers['content-type'] ?? '')) return 'invalid_post_type';
  const post = JSON.parse(body) as Post;
  if (post.channel !== '#disks') return 'channel_not_found';
  if (post.attachments[0]?.fallback.includes('scratch-disk') === true) posts.push(post);
  return null;
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString();
}

function files(): { [path: string]: string } {
  const [mailPort, slackPort] = [smtp.server, slack].map((server) => (server.address() as AddressInfo).port);
  return {
    'alerts/mail.yml': `handler: {type: mail, smtp_server: "localhost:${mailPort}", contacts: [ops@example.org]}\n`,
    'alerts/slack.yml': `handler:
  type: slack
  token: {env: SLACK_TOKEN}
  channel: "#disks"
  endpoint: http://127.0.0.1:${slackPort}/api
`,
    // A tmpfs is left out by default.
    'alerts/usage.yml': 'collector: {id: diskusage, interval: 1s, exclude_types: []}\n',
    'alerts/scratch-disk.yml': `check:
  interval: 1s
  attempts: 3
  retry_interval: 1s
  handlers: [mail, slack]
  variables:
    used: "{{collector.diskusage}}['${disk}']['pct_used']"
  critical_if: "{{variables.used}} >= 90"
  critical_output: "'the scratch disk is %d%% full' % {{variables.used}}"
  ok_output: "'the scratch disk is at %d%%' % {{variables.used}}"
`,
  };
}

/** Takes all the space that is left. */
function fill(): void {
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(join(disk, 'ballast'), Buffer.alloc(bavail * bsize));
}

async function start(options: RealAgentOptions): Promise<RealAgent> {
  agent = await startRealAgent({ env: { SLACK_TOKEN: token }, ...options });
  return agent;
}

const view = (running: RealAgent): Promise<CheckView> => running.get('/api/v1/checks/scratch-disk');

/** Waits for a hard state, for everything that was to be told, and for two runs after it, which have nothing to tell. */
async function settled(running: RealAgent, state: string, told: number): Promise<CheckView> {
  const { until } = running;
  await until(`a hard ${state}`, async () => (await view(running)).hard_state === state, deadlineMs);
  await until(
    `${told} mails and posts`,
    async () => mails.length >= told && posts.length >= told,
    deadlineMs,
  );
  for (let run = 0; run < 2; run += 1) {
    const { last_run: before } = await view(running);
    await until('another run', async () => (await view(running)).last_run !== before, deadlineMs);
  }
  const isDelivered = async () => (await running.get<unknown[]>('/api/v1/outbox')).length === 0;
  await until('an empty outbox', isDelivered, deadlineMs);
  return view(running);
}

describe.skipIf(refused !== null)(`a disk that fills${where}`, () => {
  it('goes soft, then hard critical, is told of once by mail and Slack, over a kill, and so is its recovery', async () => {
    expect(mount(disk)).toBeNull();
    const first = await start({ files: files() });
    expect(await settled(first, 'ok', 0)).toMatchObject({ output: 'the scratch disk is at 0%' });

    fill();
    const critical = await settled(first, 'critical', 1);
    expect(critical).toMatchObject({ hard: true, attempt: 3, output: 'the scratch disk is 100% full' });
    const { data, config } = first;
    await first.kill('SIGKILL');
    const again = await start({ data, config });
    const { episode, hard_since } = critical;
    expect(await settled(again, 'critical', 1)).toMatchObject({ hard: true, episode, hard_since });
    expect([mails.length, posts.length]).toEqual([1, 1]);

    rmSync(join(disk, 'ballast'));
    expect(await settled(again, 'ok', 2)).toMatchObject({ hard: true });
    const { entries } = await again.get<HistoryView>('/api/v1/history/checks');
    expect(
      entries
        .filter(({ name }) => name === 'scratch-disk')
        .map(({ cause, state, hard }) => `${cause} ${state}${hard === true ? '' : ' soft'}`),
    ).toEqual(['run ok', 'run critical soft', 'attempts critical', 'run ok']);
    expect(mails).toEqual([
      mailOf('critical', 'switched from ok to critical', 'the scratch disk is 100% full'),
      mailOf('ok', 'switched from critical to ok', 'the scratch disk is at 0%'),
    ]);
    expect(posts).toMatchObject([
      { channel: '#disks', attachments: [{ color: 'danger', text: 'the scratch disk is 100% full' }] },
      { channel: '#disks', attachments: [{ color: 'good', text: 'the scratch disk is at 0%' }] },
    ]);
    expect(again.output()).not.toContain(token);
  });
});

function mailOf(state: string, switched: string, output: string): object {
  return {
    to: ['ops@example.org'],
    subject: expect.stringContaining(`Check scratch-disk switched to ${state} state`),
    text: expect.stringMatching(new RegExp(`${switched} at [\\s\\S]*${output}`)),
  };
}
