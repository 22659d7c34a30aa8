import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createWorkbench, lines, type Workbench } from './workbench.ts';

let made: Workbench;

beforeEach(() => {
  made = createWorkbench();
  const manifest = new URL('../../plugins/listeners/overc/plugin.yml', import.meta.url);
  made.write('/plugins/listeners/overc/plugin.yml', readFileSync(manifest, 'utf8'));
});
afterEach(() => made.dispose());

const rule = (text: string): string => `overc:\n  services:\n    - { match: "db1/x" }\n    - { ${text} }\n`;

it.each([
  [
    'match: "a/b", schedule: "0 25 * * *"',
    '\'services.1.schedule\' is the text "0 25 * * *", expected a cron expression; the cron',
  ],
  [
    'match: "a/b", schedule: "0 0 31 2 *"',
    "expected a cron expression; the cron expression '0 0 31 2 *' never comes",
  ],
  ['match: "a/b", timezone: Europe/Pariss', "expected a time zone; there is no time zone 'Europe/Pariss'"],
  ['match: "a/b", grace: 30x', '\'services.1.grace\' is the text "30x", expected a duration'],
  ['match: "a/b", for: soon', '\'services.1.for\' is the text "soon", expected a duration'],
  [
    'match: "a/*", token: secret-token',
    '\'services.1.match\' is the text "a/*", expected SERVER/SERVICE without * and ?',
  ],
  ['match: "a/b", escalation: [{ after: 1h }]', "'services.1.escalation.0' lacks the key 'handlers'"],
])('a rule of the push server with %s is an error with its line', (text, expected) => {
  made.write('push.yml', rule(text));
  const [line, ...more] = lines(made.load().diagnostics);
  expect(more).toEqual([]);
  expect(line).toMatch(/^push\.yml:4:\d+ error /);
  expect(line).toContain(expected);
});

it.each([
  ['address: 127.0.0', '\'address\' is the text "127.0.0", expected an address such as'],
  [
    'trusted_proxies: [10.0.0.0/40]',
    "'trusted_proxies.0' is the text \"10.0.0.0/40\", expected an address such as '192.0.2.7' or a network",
  ],
])('an option %s of it is too', (text, expected) => {
  made.write('push.yml', `overc:\n  ${text}\n`);
  expect(lines(made.load().diagnostics)).toEqual([expect.stringContaining(expected)]);
});

it('leaves what runs as it is while its rules are wrong', () => {
  made.write('push.yml', rule('match: "a/b", schedule: "0 3 * * *", timezone: Europe/Paris, grace: 1800'));
  const running = made.run();
  expect(running.map(({ id }) => id)).toContain('local/service/overc');
  made.write('push.yml', rule('match: "a/b", schedule: "never"'));
  const { start, restart, stop } = made.load(running);
  expect([start, restart, stop]).toEqual([[], [], []]);
});
