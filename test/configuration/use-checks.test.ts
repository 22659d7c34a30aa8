import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CheckObject } from '../../configuration/model.ts';
import { redactSecrets, resolveSecrets, secretSchema } from '../../configuration/sources/options.ts';
import { createWorkbench, lines, type Workbench } from './workbench.ts';

const folder = fileURLToPath(new URL('../../plugins', import.meta.url));
let made: Workbench;

beforeEach(() => {
  made = createWorkbench();
  // The checks that ship, rather than those of the workbench.
  made.directories.plugins.manifests = folder;
  made.directories.plugins.modules = join(folder, '../dist/plugins');
});
afterEach(() => made.dispose());

const load = (text: string) => {
  made.write('web.yml', text);
  const plan = made.load();
  const check = plan.start.find(({ kind }) => kind === 'check') as CheckObject | undefined;
  return {
    check,
    plugins: plan.plugins,
    found: lines(plan.diagnostics).filter((line) => !line.includes('UNREADABLE')),
  };
};

it('runs the plugin that `use` names with its options, beside the keys of every check', () => {
  const text = `check:
  use: http
  url: https://example.org/
  interval: 30s
  attempts: 3
  headers: {accept: text/plain}
  warning: 500ms
  max_size: 4096
  thresholds: {low: 1}
`;
  const { check, found } = load(text);
  expect(found).toEqual([]);
  expect(check).toMatchObject({ plugin: 'check/http', intervalMs: 30_000, timeoutMs: 30_000, attempts: 3 });
  expect(check?.options).toMatchObject({
    url: 'https://example.org/',
    headers: { accept: 'text/plain' },
    warning: '500ms',
    max_size: '4096B',
    status: ['2xx'],
  });
  expect(check?.data).toEqual({ thresholds: { low: 1 } });
});

it.each([
  ['type: http', "the key 'type' does not exist in a check; did you mean 'use'?"],
  ['use: http', "check/http lacks the key 'url'"],
  ['use: http\n  url: ftp://x/', "expected an address such as 'https://www.example.org/status'"],
  [
    'use: http\n  url: http://x/\n  warning: 20:10',
    '\'warning\' is the text "20:10", expected a range such as',
  ],
  ['use: http\n  url: http://x/\n  matches: a(', 'expected a regular expression; Invalid regular expression'],
  [
    'use: http\n  url: http://x/\n  header: {a: b}',
    "'header' does not exist in check/http; did you mean 'headers'?",
  ],
  ['use: http\n  url: http://x/\n  redirect: 3', "did you mean 'redirects'?"],
  [
    'use: http\n  url: http://x/\n  critical_if: "1 > 2"',
    "'critical_if' has no effect: the check runs check/http",
  ],
  ['use: dns\n  name: x\n  server: ns.example.org', "expected an address such as '192.0.2.53'"],
  ['use: htp\n  url: http://x/', "the plugin check/htp does not exist; did you mean 'check/http'?"],
])('tells what is wrong with %j', (text, message) => {
  expect(load(`check:\n  ${text}\n`).found.join('\n')).toContain(message);
});

it('opens secrets among the headers of a request at a run alone', () => {
  const { check, found, plugins } = load(
    'check: {use: http, url: "http://x/", headers: {authorization: {env: TOKEN}, accept: text/plain}}\n',
  );
  expect(found).toEqual([]);
  const schema = secretSchema(plugins?.find(({ id }) => id === 'check/http')?.manifest.options);
  const source = { read: () => '', env: (name: string) => `value of ${name}` };
  const options = check?.options ?? {};
  expect(options.headers).toEqual({ authorization: { env: 'TOKEN' }, accept: 'text/plain' });
  expect(redactSecrets(schema, options)).toMatchObject({ headers: { accept: '********' } });
  expect(resolveSecrets(schema, options, source)).toMatchObject({
    headers: { authorization: 'value of TOKEN', accept: 'text/plain' },
  });
});

it('gives a check the certificates of agent.yml', () => {
  made.write('agent.yml', 'ca_file: /etc/ssl/own.pem\n');
  expect(load('check: {use: tls, host: localhost}\n').check?.options).toMatchObject({
    ca_file: '/etc/ssl/own.pem',
  });
});
