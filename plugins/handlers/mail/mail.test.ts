import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import type { HandlerEvent, JsonObject, Manifest } from 'opsbro/sdk';
import {
  certificatesMissing,
  complianceSuite,
  hostContext,
  runVerb,
  type TestCertificates,
  testCertificates,
  testEvent,
} from 'opsbro/sdk/testing';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import mail from './index.ts';
import type { MailOptions } from './options.ts';
import { read } from './sample-reader.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;
const schemas = Object.entries(manifest.options?.properties as { [name: string]: JsonObject });
const defaults = {
  ...(Object.fromEntries(schemas.map(([name, schema]) => [name, schema.default])) as unknown as MailOptions),
  contacts: ['ops@example.org'],
};

interface Received {
  from: string;
  to: string[];
  user: unknown;
  secure: boolean;
  headers: { [name: string]: string };
  text: string;
  html: string;
}

const servers: SMTPServer[] = [];
const received: Received[] = [];
afterEach(async () => {
  received.length = 0;
  for (const server of servers.splice(0)) await new Promise<void>((resolve) => server.close(resolve));
});

/** A real SMTP server on loopback. Gives what a handler's `smtp_server` has to be. */
async function serve(options: SMTPServerOptions = {}): Promise<{ smtp_server: string }> {
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        const to = rcptTo.map((recipient) => recipient.address);
        const from = mailFrom === false ? '' : mailFrom.address;
        received.push({
          from,
          to,
          user: session.user,
          secure: session.secure,
          ...read(Buffer.concat(parts)),
        });
        done();
      });
    },
    ...options,
  });
  server.on('error', () => undefined);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { smtp_server: `localhost:${(server.server.address() as AddressInfo).port}` };
}

function send(options: Partial<MailOptions>, event: HandlerEvent = testEvent('problem')) {
  const ctx = hostContext<MailOptions>({ options: { ...defaults, ...options }, name: 'mail-ops' });
  return { ctx, outcome: runVerb(mail, ctx, event) };
}

const warned = ({ logs }: ReturnType<typeof send>['ctx']) => logs.filter(({ level }) => level === 'warn');

async function mailed(options: Partial<MailOptions>, event?: HandlerEvent): Promise<Received> {
  const { outcome } = send({ ...(await serve()), ...options }, event);
  expect(await outcome).toMatchObject({ status: 'done' });
  return received.at(-1) as Received;
}

describe('a mail', () => {
  it('comes from this host unless a sender is named', async () => {
    const { from, headers } = await mailed({});
    expect([from, headers.from]).toEqual([`opsbro@${hostname()}`, `opsbro@${hostname()}`]);
  });

  it('goes to all contacts, with From, To and a subject that names check and state', async () => {
    const contacts = ['one@example.org', 'Two <two@example.org>'];
    const got = await mailed({ contacts, addr_from: 'agent@example.org' });
    expect(got).toMatchObject({ from: 'agent@example.org', to: ['one@example.org', 'two@example.org'] });
    expect(got.headers).toMatchObject({
      from: 'agent@example.org',
      to: 'one@example.org, Two <two@example.org>',
      subject: 'Check load switched to critical state on web1',
      'auto-submitted': 'auto-generated',
    });
    expect(received).toHaveLength(1);
  });

  it('says in its text and in its HTML what happened and what to do', async () => {
    const got = await mailed({}, testEvent('problem', { output: '<load> is 42 & "high" – très' }));
    for (const part of ['<load> is 42 & "high" – très', 'cpu1 97%', 'restart the queue first', 'team: web'])
      expect(got.text).toContain(part);
    expect(got.text).toMatch(
      /switched from ok to critical at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d with the output:/,
    );
    expect(got.html).toContain('&lt;load&gt; is 42 &amp; &quot;high&quot; – très');
    expect(got.html).toContain('<a href="https://wiki.example.org/load">');
    expect(got.html).toContain('background:#cf222e');
  });

  it.each([
    ['recovery', {}, 'Check load switched to ok state on web1', 'switched from critical to ok'],
    ['problem', { repeat: 2 }, 'Still: Check load switched to critical state on web1', 'load is 42'],
    [
      'problem',
      { repeat: 2 },
      'Still: Check load switched to critical state on web1',
      'is still critical at',
    ],
    ['recovery', { removed: true }, 'Check load is no longer run on web1', 'was critical and ended at'],
    ['silence', {}, 'something happened on web1', 'something happened'],
    ['group', {}, 'Group redis was added on web1', 'The group redis was added on web1'],
    [
      'node',
      {},
      'node db1 is dead (zone paris), seen by web1',
      'Groups: linux, redis\nFailing: redis\nSeen by: web1',
    ],
    ['test', {}, '[TEST] OpsBro on web1', 'something happened'],
    ['canary', {}, '[CANARY] OpsBro on web1', 'something happened'],
  ] as const)('of a %s %j has the subject %s', async (type, data, subject, text) => {
    const got = await mailed({}, testEvent(type, data));
    expect(got.headers.subject).toBe(subject);
    expect(got.text).toContain(text);
    expect(got.html).toContain('<html');
  });

  it('shows what a node of the cluster is in its HTML part too', async () => {
    const { html } = await mailed({}, testEvent('node'));
    expect(html).toContain('Addresses: 10.0.0.7<br>\nGroups: linux, redis<br>\nFailing: redis<br>');
  });

  it('tells of all checks of a group of alerts', async () => {
    const alerts = ['disk', 'load'].map((name) => ({
      ...testEvent('problem').data,
      name,
      display_name: name,
    }));
    const got = await mailed({}, testEvent('problem', { alerts }));
    expect(got.headers.subject).toBe('Check disk switched to critical state (and 1 more) on web1');
    for (const name of ['disk', 'load']) expect(got.text).toContain(`The check ${name} switched from ok`);
    const known = await mailed({}, testEvent('problem', { alerts: [{ ...alerts[0], change: 'same' }] }));
    expect(known.text).toContain('The check disk is still critical at');
  });

  it('has a subject that ends with a whole character where it is cut', async () => {
    const { headers } = await mailed({ subject_template: `${'x'.repeat(198)}🔥🔥` });
    expect(headers.subject).toBe(`${'x'.repeat(198)}…`);
  });

  it('has the same Message-ID at each try of an event, and another for another event', async () => {
    const ids = [];
    for (const type of ['problem', 'problem', 'recovery'] as const)
      ids.push((await mailed({}, testEvent(type))).headers['message-id']);
    expect(ids[0]).toMatch(/^<[0-9a-f]{32}@web1>$/);
    expect([ids[0] === ids[1], ids[0] === ids[2]]).toEqual([true, false]);
  });
});

describe('a template', () => {
  it('sees the variables that older packs use', async () => {
    const got = await mailed({
      subject_template: "{{ check['name'] }} {{ check['state_id'] }} {{ handler.id }}\n",
      text_template:
        "{{ _time }}|{{ check['old_state'] }}|{{ check['display_name'] }}|{{ handler.contacts[0] }}",
      html_template: 'none',
    });
    expect(got.headers.subject).toBe('load 2 mail-ops');
    expect(got.text).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\|ok\|Load average\|ops@example\.org\n?$/);
    expect(got.html).toBe('');
  });

  it('is that of its topic, by the newer name before the older', async () => {
    const templates = {
      subject_template: 'older',
      check_subject_template: 'check {{ check.name }}',
      group_subject_template: '{{ group }} {{ group_modification }}',
    };
    expect((await mailed(templates)).headers.subject).toBe('check load');
    expect((await mailed(templates, testEvent('group'))).headers.subject).toBe('redis add');
    const older = { subject_template: '{{ check.name }}' };
    expect((await mailed(older)).headers.subject).toBe('load');
    expect((await mailed(older, testEvent('group'))).headers.subject).toBe('Group redis was added on web1');
    expect((await mailed(older, testEvent('test'))).headers.subject).toBe('[TEST] OpsBro on web1');
  });

  it('cannot add a header, nor see the password', async () => {
    const got = await mailed({
      subject_template: 'a\nBcc: victim@example.org',
      text_template: '[{{ handler.password }}]',
      password: 'hunter2',
    });
    expect(got.headers.subject).toBe('a Bcc: victim@example.org');
    expect([got.headers.bcc, got.text.trim()]).toEqual([undefined, '[]']);
  });

  it('that cannot be read gives way to the built-in text, with a warning', async () => {
    const { ctx, outcome } = send({ ...(await serve()), subject_template: null });
    await outcome;
    expect(received[0]?.headers.subject).toBe('Check load switched to critical state on web1');
    expect(warned(ctx)).toMatchObject([{ message: expect.stringContaining('subject_template') }]);
  });

  it('that is wrong gives way to the built-in text, which says so', async () => {
    const { ctx, outcome } = send({
      ...(await serve()),
      subject_template: '{{ check.state | uper }}',
      text_template: '{{ a b }}',
      html_template: '{% if %}',
    });
    await outcome;
    const [got] = received;
    expect(got?.headers.subject).toBe('Check load switched to critical state on web1');
    expect(got?.text).toContain('The check Load average switched');
    expect(got?.text).toContain('subject_template cannot be filled: template: filter not found: uper');
    expect(got?.text).toContain('text_template cannot be filled: template:1:6: expected variable end');
    expect(got?.html).toContain('Load average');
    expect(warned(ctx)).toHaveLength(3);
  });

  it('of checks is filled for a test with a check, which stays marked', async () => {
    const event = testEvent('test');
    const data = {
      ...event.data,
      check: 'p/check/load',
      name: 'load',
      display_name: 'Load',
      state: 'warning',
      output: '7',
    };
    const got = await mailed(
      { subject_template: '{{ check.name }} {{ check.state | upper }}', text_template: '{{ check.output }}' },
      { ...event, data },
    );
    expect(got.headers.subject).toBe('[TEST] load WARNING');
    expect(got.text.trim().split('\n')).toEqual([event.summary, '', '7']);
  });
});

describe('a server that refuses', () => {
  const refuse = (responseCode: number, text: string) => Object.assign(new Error(text), { responseCode });

  it.each([
    [550, true],
    [552, true],
    [451, false],
    [421, false],
  ])('with %i is tried again unless that is final', async (code, permanent) => {
    const server = await serve({ onRcptTo: (_, __, done) => done(refuse(code, 'no such user')) });
    await expect(send(server).outcome).rejects.toMatchObject({
      code: 'OPSBRO_HOST_DELIVERY',
      permanent,
      message: expect.stringMatching(new RegExp(`^localhost:\\d+: .*${code}.*no such user`)),
    });
  });

  it('some addresses gets a warning, and the others the mail', async () => {
    const server = await serve({
      onRcptTo: ({ address: to }, _, done) => done(to.startsWith('bad') ? refuse(550, 'unknown') : null),
    });
    const { ctx, outcome } = send({ ...server, contacts: ['bad@example.org', 'good@example.org'] });
    await outcome;
    expect(received.map(({ to }) => to)).toEqual([['good@example.org']]);
    expect(warned(ctx)).toMatchObject([{ fields: { refused: ['bad@example.org'] } }]);
  });

  it('an address for now is asked again for that one alone', async () => {
    const asked: string[] = [];
    const server = await serve({
      onRcptTo: ({ address: to }, _, done) => {
        asked.push(to);
        const code = to.startsWith('gone')
          ? 550
          : to.startsWith('grey') && asked.length < 5
            ? 451
            : undefined;
        done(code === undefined ? null : refuse(code, `not ${to}`));
      },
    });
    const contacts = ['gone@example.org', 'Grey <grey@example.org>', 'good@example.org'];
    const state: JsonObject = {};
    const attempt = (event = testEvent('problem')) =>
      runVerb(mail, hostContext({ options: { ...defaults, ...server, contacts }, state }), event);
    const later = {
      code: 'OPSBRO_HOST_DELIVERY',
      permanent: false,
      message: expect.stringMatching(/^localhost:\d+: .*451.*not grey@example\.org; others have the mail$/),
    };
    await expect(attempt()).rejects.toMatchObject(later);
    // The server still refuses it, and nobody else is asked.
    await expect(attempt()).rejects.toMatchObject({ permanent: false });
    expect(received.map(({ to }) => to)).toEqual([['good@example.org']]);
    asked.push('waited');
    await attempt();
    expect(asked.slice(3)).toEqual(['grey@example.org', 'waited', 'grey@example.org']);
    expect(received.map(({ to }) => to)).toEqual([['good@example.org'], ['grey@example.org']]);
    expect(received[1]?.headers.to).toBe('gone@example.org, Grey <grey@example.org>, good@example.org');
    expect(state).toEqual({});
    await attempt(testEvent('recovery'));
    expect(received[2]?.to).toEqual(['grey@example.org', 'good@example.org']);
  });

  it('the connection is tried again later', async () => {
    const { smtp_server } = await serve();
    await new Promise<void>((resolve) => servers.pop()?.close(resolve));
    await expect(send({ smtp_server }).outcome).rejects.toMatchObject({
      permanent: false,
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('to answer is left when the run ends', async () => {
    let ctx: ReturnType<typeof send>['ctx'] | undefined;
    const { outcome, ctx: made } = send(await serve({ onMailFrom: () => ctx?.abort() }));
    ctx = made;
    await expect(outcome).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe.skipIf(certificatesMissing !== undefined)('encryption', () => {
  let made: TestCertificates;
  let tls: SMTPServerOptions;
  beforeAll(() => {
    made = testCertificates();
    tls = { key: made.key, cert: made.cert, disabledCommands: [] };
  });
  afterAll(() => made.remove());
  const login: SMTPServerOptions = {
    authOptional: false,
    onAuth: ({ username, password }, _, done) =>
      password === 's3cret' ? done(null, { user: username }) : done(new Error('Invalid password s3cret2')),
  };

  it('by STARTTLS is used where it is offered, with any certificate', async () => {
    await send(await serve(tls)).outcome;
    expect(received[0]).toMatchObject({ secure: true });
  });

  it('is left out with starttls: never', async () => {
    await send({ ...(await serve(tls)), starttls: 'never' }).outcome;
    expect(received[0]).toMatchObject({ secure: false });
  });

  it('with starttls: always wants a certificate that is trusted', async () => {
    const server = await serve(tls);
    await expect(send({ ...server, starttls: 'always' }).outcome).rejects.toThrow('certificate');
    await send({ ...server, starttls: 'always', ca_file: made.caFile }).outcome;
    expect(received).toMatchObject([{ secure: true }]);
    await expect(send({ ...(await serve()), starttls: 'always' }).outcome).rejects.toThrow('STARTTLS');
  });

  it('by SMTPS takes user and password', async () => {
    const server = await serve({ ...tls, ...login, secure: true });
    const options = { ...server, smtps: true, username: 'agent', ca_file: made.caFile };
    await send({ ...options, password: 's3cret' }).outcome;
    expect(received).toMatchObject([{ secure: true, user: 'agent' }]);
    const error = await send({ ...options, password: 's3cret2' }).outcome.catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'OPSBRO_HOST_DELIVERY', permanent: true });
    expect(error.message).not.toContain('s3cret');
    await expect(send({ ...server, smtps: true }).outcome).rejects.toThrow('certificate');
  });

  it('is wanted before any password is sent', async () => {
    const open = await serve({ ...login, allowInsecureAuth: true });
    await expect(send({ ...open, username: 'agent', password: 's3cret' }).outcome).rejects.toThrow(
      'STARTTLS',
    );
    const server = await serve({ ...tls, ...login });
    await send({ ...server, username: 'agent', password: 's3cret', ca_file: made.caFile }).outcome;
    expect(received).toMatchObject([{ secure: true, user: 'agent' }]);
  });
});

describe('compliance', () => {
  for (const test of complianceSuite('handler', folder, mail, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
