import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createWorkbench, lines, type Workbench } from './workbench.ts';

let made: Workbench;

beforeEach(() => {
  made = createWorkbench();
});
afterEach(() => made.dispose());

function findings(plugin: string, text: string): string[] {
  const manifest = new URL(`../../plugins/${plugin}/plugin.yml`, import.meta.url);
  made.write(`/plugins/${plugin}/plugin.yml`, readFileSync(manifest, 'utf8'));
  made.write('it.yml', `${plugin.split('/')[1]}: { enabled: true, ${text} }\n`);
  return lines(made.load().diagnostics).map((line) => line.replace(/^it\.yml:1:\d+ error /, ''));
}

const addresses = "expected an address such as '127.0.0.1', '0.0.0.0' or '::1'";

it.each([
  'cluster/gossip',
  'exporters/dns',
  'exporters/http',
  'exporters/websocket',
  'listeners/graphite',
  'listeners/nsca',
  'listeners/overc',
  'listeners/statsd',
])('%s takes no address that is none, before it is started', (plugin) => {
  expect(findings(plugin, 'address: 1.2.3.4.5')).toEqual([`'address' is the text "1.2.3.4.5", ${addresses}`]);
  expect(findings(plugin, 'address: localhost')).toEqual([`'address' is the text "localhost", ${addresses}`]);
  for (const good of ['127.0.0.1', '0.0.0.0', '::1', '::'])
    expect(findings(plugin, `address: "${good}"`)).toEqual([]);
});

it.each(['999.1.1.1', 'web1', ':', '1.2.3.4:6768'])('cluster/gossip tells others no %s', (text) => {
  expect(findings('cluster/gossip', `advertise: "${text}"`)).toEqual([
    `'advertise' is the text ${JSON.stringify(text)}, ${addresses}`,
  ]);
});

it.each(['0.0.0.0', '::', '0::0'])('cluster/gossip tells others no %s, which is any address', (text) => {
  expect(findings('cluster/gossip', `advertise: "${text}"`)).toEqual([
    `'advertise' is the text "${text}", expected an address that others reach this host by, such as '192.0.2.7'`,
  ]);
});

describe('a seed', () => {
  const expected = "expected a host such as 'web-1' or '192.0.2.7', or with its port, 'web-1:6768'";

  it.each([
    'web-1',
    'web_1.example.org:6768',
    '192.0.2.7',
    '192.0.2.7:1',
    '::1',
    '[2001:db8::7]:65535',
    ' a ',
  ])('may be %j', (seed) => {
    expect(findings('cluster/gossip', `seeds: [${JSON.stringify(seed)}]`)).toEqual([]);
  });

  it.each([
    '',
    'web-1:port',
    'web-1:99999',
    'web-1:0',
    'bad host',
    '192.0.2.300',
    '[::1',
    '[web-1]:6768',
    '1:2:3',
  ])('is not %j, which is said before the start', (seed) => {
    const text = JSON.stringify(seed);
    expect(findings('cluster/gossip', `seeds: [db1, ${text}]`)).toEqual([
      `'seeds.1' is the text ${text}, ${expected}`,
    ]);
    made.write('agent.yml', `seeds: [${text}]\n`);
    expect(lines(made.load().diagnostics)).toContain(
      `agent.yml:1:9 error 'seeds.0' is the text ${text}, ${expected}`,
    );
  });
});

describe('a key of cluster/gossip', () => {
  const keyOf = (bytes: number): string => Buffer.alloc(bytes, 251).toString('base64');
  const expected = "expected 16 or 32 bytes in base64, as 'opsbro agent keygen' prints them";

  it.each([keyOf(16), keyOf(32), keyOf(16).replaceAll('=', ''), ` ${keyOf(32)} `, ''])('may be %j', (key) => {
    expect(findings('cluster/gossip', `key: "${key}", keys: ["${key}"]`)).toEqual([]);
  });

  it('may stand elsewhere', () => {
    expect(findings('cluster/gossip', 'key: {file: /etc/opsbro/gossip.key}, keys: [{env: OLD}]')).toEqual([]);
  });

  it.each(['abc', keyOf(15), keyOf(17), keyOf(33), keyOf(64), `${'*'.repeat(22)}==`, ' '])(
    'is not %j, which no message repeats',
    (key) => {
      expect(findings('cluster/gossip', `key: "${key}"`)).toEqual([
        `'key' is a secret that does not fit, ${expected}`,
      ]);
      expect(findings('cluster/gossip', `keys: ["${keyOf(16)}", "${key}"]`)).toEqual([
        `'keys.1' is a secret that does not fit, ${expected}`,
      ]);
    },
  );
});

it.each([
  ['exporters/http', 'trusted_proxies: [10.0.0.0/40]', "a network such as '192.0.2.0/24'"],
  ['exporters/http', 'names: ["a.example.org:80"]', "the name of a host such as 'monitor.example.org'"],
  ['exporters/http', 'base_path: opsbro/', "a path such as '/opsbro', without a slash at its end"],
  ['exporters/http', 'tls_key: key.pem', 'an absolute path'],
  ['exporters/websocket', 'origins: ["panel.example.org"]', "a site such as 'https://panel.example.org'"],
  ['listeners/nagios-pipe', 'mode: rw', "rights such as '0660'"],
])('%s says in words what it takes in the place of %s', (plugin, text, words) => {
  const [finding, ...more] = findings(plugin, text);
  expect(more).toEqual([]);
  expect(finding).toContain(words);
});
