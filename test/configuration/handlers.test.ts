import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Configuration } from '../../configuration/loader.ts';
import type { ConfigPlan, HandlerObject } from '../../configuration/model.ts';
import { compileCheck, compileDetector, compileValue } from '../../language/compile.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
let config = '';
beforeEach(() => {
  config = mkdtempSync(join(tmpdir(), 'opsbro-handlers-'));
});
afterEach(() => rmSync(config, { recursive: true, force: true }));

/** Loads files with the plugins that ship. */
function load(files: { [path: string]: string }): ConfigPlan {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(config, path)), { recursive: true });
    writeFileSync(join(config, path), text);
  }
  const configuration = new Configuration({ compileCheck, compileDetector, compileValue }, null);
  const plugins = { manifests: join(root, 'plugins'), modules: join(root, 'dist', 'plugins') };
  return configuration.load({ config: [config], plugins, locks: [] }, []);
}

const handler = (plan: ConfigPlan, id: string): HandlerObject =>
  plan.start.find((object) => object.id === id) as HandlerObject;
const messages = (plan: ConfigPlan): string[] =>
  plan.diagnostics.map(({ severity, message }) => `${severity} ${message.replace(config, '')}`);

const mail = `handler:
  type: mail
  severities: [ok, warning, critical, unknown]
  contacts:
    - "admin@mydomain.com"
  addr_from: "opsbro@mydomain.com"
  smtp_server: localhost
  subject_template: "email.subject.tpl"
  text_template: "email.text.tpl"
`;

describe('a handler as OpsBro has always written it', () => {
  it('of type mail loads, with templates beside its file', () => {
    const files = {
      'local/email.yml': mail,
      'local/templates/email.subject.tpl': '{{ check.name }}',
      'local/templates/email.text.tpl': '{{ check.output }}',
    };
    const plan = load(files);
    expect(messages(plan)).toEqual([]);
    expect(handler(plan, 'local/handler/email')).toMatchObject({
      plugin: 'handler/mail',
      enabled: true,
      options: {
        contacts: ['admin@mydomain.com'],
        subject_template: { file: join(config, 'local/templates/email.subject.tpl') },
        text_template: { file: join(config, 'local/templates/email.text.tpl') },
        smtps: false,
      },
    });
  });

  it('of type mail loads without its templates too, with a warning', () => {
    const plan = load({ 'local/email.yml': mail });
    expect(messages(plan)).toEqual([
      expect.stringMatching(/^warning the template \/local\/templates\/email.subject.tpl does not exist/),
      expect.stringMatching(/^warning the template \/local\/templates\/email.text.tpl does not exist/),
    ]);
    expect(handler(plan, 'local/handler/email').enabled).toBe(true);
  });

  it('of type slack loads', () => {
    const text =
      "handler:\n  id: slack\n  type: slack\n  severities: [ok]\n  token: ''\n  channel: '#alerts'\n";
    const plan = load({ 'local/slack.yml': text });
    const advice =
      "'token' and 'webhook_url' of handler/slack are empty; give one of them, as 'token: {env: SLACK_TOKEN}' where the agent's environment has it";
    expect(plan.diagnostics).toMatchObject([
      { severity: 'warning', message: advice, place: { file: join(config, 'local/slack.yml'), line: 5 } },
    ]);
    expect(handler(plan, 'local/handler/slack').options).toMatchObject({ token: '', channel: '#alerts' });
  });
});

describe('parameters of a pack with the name of a handler', () => {
  const text = (first: string): string =>
    `${first}\nseverities: [critical]\ncontacts: [ops@example.org]\nsmtps: false\ncheck_subject_template: mail-check-subject.tpl\n`;

  it('are a handler, with the templates of the pack', () => {
    const plan = load({
      'mail/parameters/parameters.yml': text('enabled: true'),
      'mail/templates/mail-check-subject.tpl': 'x',
    });
    expect(messages(plan)).toEqual([]);
    expect(handler(plan, 'mail/handler/mail')).toMatchObject({
      plugin: 'handler/mail',
      enabled: true,
      severities: ['critical'],
      options: {
        contacts: ['ops@example.org'],
        check_subject_template: { file: join(config, 'mail/templates/mail-check-subject.tpl') },
      },
    });
  });

  it('leave it off unless they say otherwise', () => {
    expect(handler(load({ 'mail/parameters.yml': 'contacts: [a@b.c]\n' }), 'mail/handler/mail').enabled).toBe(
      false,
    );
    expect(
      handler(
        load({ 'slack/parameters.yml': "enabled_if_group: slack\ntoken: ''\n" }),
        'slack/handler/slack',
      ),
    ).toMatchObject({ enabled: true, ifGroup: 'slack' });
  });

  it('may lack contacts while they leave it off, not once it is on', () => {
    expect(messages(load({ 'mail/parameters.yml': 'enabled: false\nsmtps: true\n' }))).toEqual([]);
    const plan = load({ 'mail/parameters.yml': 'enabled: true\nsmtps: true\n' });
    expect(plan.diagnostics).toMatchObject([
      {
        message: "handler/mail lacks the key 'contacts'",
        place: { file: join(config, 'mail/parameters.yml'), line: 1 },
      },
    ]);
  });

  it('are those of the handler that is written', () => {
    const files = {
      'mail/parameters.yml': text('enabled: false'),
      'mail/ops.yml': 'handler: {type: mail}\n',
    };
    const plan = load(files);
    expect(plan.start.filter(({ kind }) => kind === 'handler').map(({ id }) => id)).toEqual([
      'mail/handler/ops',
    ]);
    expect(handler(plan, 'mail/handler/ops').options).toMatchObject({ contacts: ['ops@example.org'] });
  });
});

it('gives ca_file of agent.yml to handlers, unless they have their own', () => {
  const plan = load({
    'agent.yml': 'agent: {ca_file: /etc/ca.pem}\n',
    'a/one.yml': 'handler: {type: slack, token: x}\n',
    'a/two.yml': 'handler: {type: slack, token: x, ca_file: /own.pem}\n',
    'a/three.yml': 'handler: {type: log}\n',
  });
  expect(messages(plan)).toEqual([]);
  expect(['one', 'two', 'three'].map((name) => handler(plan, `a/handler/${name}`).options.ca_file)).toEqual([
    '/etc/ca.pem',
    '/own.pem',
    undefined,
  ]);
});

it.each([
  '{type: slack, token: {env: SLACK_TOKEN}}',
  '{type: slack, webhook_url: "https://hooks.slack.com/x"}',
  '{type: slack, enabled: false}',
  "{type: slack, token: '', enabled: false}",
])('takes %s without a word', (text) => {
  expect(messages(load({ 'a/x.yml': `handler: ${text}\n` }))).toEqual([]);
});

it.each([
  [
    '{type: mail, contacts: [a@b.c], smtp_server: "a b"}',
    /'smtp_server' is the text "a b", expected a server such as 'mail\.example\.org', [^^]*; found " "/,
  ],
  ['{type: mail, smtp_server: localhost}', /handler\/mail lacks the key 'contacts'/],
  ['{type: mail, contacts: []}', /contacts/],
  ['{type: mail, contact: [a@b.c]}', /did you mean 'contacts'/],
  ['{type: webhook}', /'url'/],
  ['{type: slack}', /handler\/slack lacks the key 'token' or 'webhook_url'/],
  ['{type: slack, channel: "#ops"}', /handler\/slack lacks the key 'token' or 'webhook_url'/],
  ['{type: webhook, url: "ftp://x"}', /url/],
  ['{type: exec, command: notify.sh}', /command/],
  ['{type: telegram, token: x}', /chat_id/],
  [
    '{type: pagerdury, routing_key: x}',
    /handler\/pagerdury does not exist; did you mean 'handler\/pagerduty'/,
  ],
])('refuses %s', (text, expected) => {
  const errors = messages(load({ 'a/x.yml': `handler: ${text}\n` })).filter((line) =>
    line.startsWith('error'),
  );
  expect(errors.join('\n')).toMatch(expected);
});
