import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseYaml } from '../../configuration/sources/yaml.ts';
import { root, Workplace } from './workplace.ts';

let place: Workplace;

beforeEach(() => {
  place = new Workplace();
});

afterEach(() => place.dispose());

const write = (path: string, text: string): string => place.write(path, text);
const opsbro = (...line: string[]) => place.opsbro(line);
const check = 'check:\n  critical_if: "{{collector.loadaverage.load1}} > 5"\n';

describe('opsbro agent parameters', () => {
  const change = /^# CHANGE: \(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\) /;

  it('sets a value, keeping comments and order, and notes the change', async () => {
    const file = write(
      'agent.yml',
      '# head\nport: 1 # the port\n\n# who\ndisplay_name: "old"\ngroups: [a] # mine\n',
    );
    const before = statSync(file).mode;
    const { code, out } = await opsbro('agent', 'parameters', 'set', 'display_name', 'node-1');
    expect({ code, out }).toEqual({
      code: 0,
      out: `OK: agent.display_name (${file}) SET display_name → node-1\n`,
    });
    const lines = readFileSync(file, 'utf8').split('\n');
    expect(lines.slice(0, 6)).toEqual([
      '# head',
      'port: 1 # the port',
      '',
      '# who',
      'display_name: "node-1"',
      expect.stringMatching(/^groups: \[ ?a ?\] # mine$/),
    ]);
    expect(lines[6]).toMatch(change);
    expect(lines[6]).toMatch(/ SET display_name → node-1$/);
    expect(statSync(file).mode).toBe(before);
    expect((await opsbro('agent', 'parameters', 'set', 'display_name', 'node-1')).out).toMatch(
      /^OK\(already set\): /,
    );
    expect(readFileSync(file, 'utf8').match(/# CHANGE/g)).toHaveLength(1);
  });

  it('adds to and removes from lists, each under its own name', async () => {
    const file = write('agent.yml', 'groups:\n  # the first\n  - a\n');
    expect((await opsbro('agent', 'parameters', 'add', 'groups', 'web')).out).toBe(
      `OK: agent.groups (${file}) ADD groups → web\n`,
    );
    expect((await opsbro('agent', 'parameters', 'add', 'groups', 'web')).out).toMatch(/^OK\(already set\): /);
    expect((await opsbro('agent', 'parameters', 'remove', 'groups', 'a')).out).toMatch(
      /^OK: .* REMOVE groups → a\n$/,
    );
    expect((await opsbro('agent', 'parameters', 'remove', 'groups', 'a')).out).toMatch(
      /^OK\(was not set\): /,
    );
    const text = readFileSync(file, 'utf8');
    expect(parseYaml(text).documents[0]?.value).toEqual({ groups: ['web'] });
    expect(text).toMatch(/# CHANGE: .* ADD groups → web\n# CHANGE: .* REMOVE groups → a\n$/);
  });

  it('makes the file where there is none', async () => {
    await opsbro('agent', 'parameters', 'add', 'groups', 'web');
    expect(parseYaml(readFileSync(join(place.config, 'agent.yml'), 'utf8')).documents[0]?.value).toEqual({
      groups: ['web'],
    });
    expect((await opsbro('config', 'check')).code).toBe(0);
  });

  it('writes to the directory of the running agent when none is named', async () => {
    await place.agent({ '/api/v1/agent': { config: [join(root, 'config.d'), place.config] } });
    const { code } = await place.opsbro(['agent', 'parameters', 'set', 'display_name', 'x'], null);
    expect(code).toBe(0);
    expect(readFileSync(join(place.config, 'agent.yml'), 'utf8')).toContain('display_name: x');
  });

  it.each([
    ['agent', 'display_name'],
    ['packs', 'loadaverage.x'],
  ])("refuses to change the package's own configuration unless it is named (%s)", async (noun, name) => {
    await place.agent({ '/api/v1/agent': { config: [join(root, 'config.d')] } });
    const { code, err } = await place.opsbro([noun, 'parameters', 'set', name, '1'], null);
    expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining('--config DIR') });
  });

  it('edits keys below agent: in place', async () => {
    const file = write('agent.YML', 'agent:\n  port: 1\n');
    await opsbro('agent', 'parameters', 'set', 'port', '2');
    expect(parseYaml(readFileSync(file, 'utf8')).documents[0]?.value).toEqual({ agent: { port: 2 } });
  });

  it('gets a value with the comments beside it', async () => {
    write('agent.yml', '# head\n\n# who this is\n# for people\ndisplay_name: me\n');
    expect((await opsbro('agent', 'parameters', 'get', 'display_name')).out).toBe(
      'agent.display_name → me\n  | # who this is\n  | # for people\n',
    );
    expect((await opsbro('agent', 'parameters', 'get', 'port')).out).toBe('agent.port → 6768\n');
    expect((await opsbro('agent', 'parameters', 'show')).out).toMatch(/display_name +.*agent.yml:5:1 +me/);
  });

  it.each([
    [
      ['set', 'groups', 'web'],
      'Error: the parameter groups is a list. Cannot use the set. Please use add/remove instead',
    ],
    [
      ['add', 'port', '1'],
      'Error: the parameter port is not a list. Cannot use the add/remove. Please use set instead',
    ],
    [
      ['set', 'port', 'many'],
      'Error: The value many for parameter agent.port is not valid, should be of type int',
    ],
    [
      ['set', 'bootstrap', '1'],
      'Error: The value 1 for parameter agent.bootstrap is not valid, should be of type bool',
    ],
    [
      ['set', 'log_level', 'LOUD'],
      `Error: 'log_level' is the text "LOUD", expected one of DEBUG, INFO, WARNING, WARN, ERROR, debug, info, warning, warn, error`,
    ],
    [['get', 'gruops'], "opsbro: agent.yml has no parameter 'gruops'; did you mean 'groups'?"],
  ])('refuses %j with exit 2', async (words, message) => {
    const file = write('agent.yml', 'port: 1\n');
    const { code, err } = await opsbro('agent', 'parameters', ...words);
    expect({ code, err }).toEqual({ code: 2, err: `${message}\n` });
    expect(readFileSync(file, 'utf8')).toBe('port: 1\n');
  });

  it('keeps a text a text', async () => {
    write('agent.yml', 'display_name: me\n');
    await opsbro('agent', 'parameters', 'set', 'display_name', '10');
    expect(parseYaml(readFileSync(join(place.config, 'agent.yml'), 'utf8')).documents[0]?.value).toEqual({
      display_name: '10',
    });
  });

  it('never prints a secret', async () => {
    const file = write('agent.yml', 'port: 1\n');
    const set = await opsbro('agent', 'parameters', 'set', 'encryption_key', 'hunter2');
    expect(set.out).toMatch(/SET encryption_key → \*{8}\n$/);
    const get = await opsbro('agent', 'parameters', 'get', 'encryption_key');
    expect(get.out).toBe('agent.encryption_key → "********"\n');
    expect((await opsbro('agent', 'parameters', 'show')).out).not.toContain('hunter2');
    expect(readFileSync(file, 'utf8').match(/hunter2/g)).toHaveLength(1);
  });

  it('does not touch a file that does not parse', async () => {
    const file = write('agent.yml', 'groups: [a\n');
    const { code, err } = await opsbro('agent', 'parameters', 'add', 'groups', 'b');
    expect(code).toBe(78);
    expect(err).toContain(`${file}:2:1: `);
    expect(readFileSync(file, 'utf8')).toBe('groups: [a\n');
  });
});

describe('opsbro packs', () => {
  beforeEach(() => {
    write(
      'packs/redis/parameters/parameters.yml',
      '# how slow is slow\nlatency: 10\nhosts: [a]\ndeep: {er: x}\n',
    );
    write('packs/redis/package.yml', 'name: redis\ndescription: Watch a store\n');
    write('packs/redis/monitoring/redis.yml', check);
  });

  it('lists packs and shows one', async () => {
    expect((await opsbro('packs', 'list')).out).toMatch(/redis +1 +0 +3 +Watch a store/);
    const shown = (await opsbro('packs', 'show', 'redis')).out;
    expect(shown).toContain('redis/check/redis');
    expect(shown).toContain('latency: 10');
    const { code, err } = await opsbro('packs', 'show', 'rediss');
    expect(code).toBe(2);
    expect(err).toContain("did you mean 'redis'?");
  });

  it('shows all packs where none is named', async () => {
    const { code, out } = await opsbro('packs', 'show');
    expect(code).toBe(0);
    for (const text of [/^linux {2}/m, /linux\/check\/memory/, /^redis {2}Watch a store/m, /latency: 10/])
      expect(out).toMatch(text);
    const views = JSON.parse((await opsbro('packs', 'show', '--json')).out);
    expect(views).toContainEqual(JSON.parse((await opsbro('packs', 'show', 'redis', '--json')).out));
  });

  it.each(['redis.latency', 'local.redis.latency', 'global.redis.latency'])('gets %s', async (path) => {
    expect((await opsbro('packs', 'parameters', 'get', path)).out).toBe(
      'redis.latency → 10\n  | # how slow is slow\n',
    );
  });

  it('sets, adds and removes in the file that has the parameter', async () => {
    const file = join(place.config, 'packs/redis/parameters/parameters.yml');
    expect((await opsbro('packs', 'parameters', 'set', 'redis.latency', '20')).out).toBe(
      `OK: redis.latency (${file}) SET latency → 20\n`,
    );
    await opsbro('packs', 'parameters', 'add', 'redis.hosts', 'b');
    await opsbro('packs', 'parameters', 'remove', 'redis.hosts', 'a');
    await opsbro('packs', 'parameters', 'set', 'redis.deep.er', 'y');
    expect(parseYaml(readFileSync(file, 'utf8')).documents[0]?.value).toEqual({
      latency: 20,
      hosts: ['b'],
      deep: { er: 'y' },
    });
  });

  it('writes changes of a shipped pack into the directory over it', async () => {
    const { code, out } = await opsbro('packs', 'parameters', 'set', 'linux.swap.warning', '70');
    const file = join(place.config, 'linux', 'parameters.yml');
    expect({ code, out }).toEqual({ code: 0, out: `OK: linux.swap.warning (${file}) SET warning → 70\n` });
    expect(parseYaml(readFileSync(file, 'utf8')).documents[0]?.value).toEqual({ swap: { warning: 70 } });
    expect((await opsbro('packs', 'parameters', 'get', 'linux.swap.warning')).out).toMatch(
      /^linux.swap.warning → 70\n/,
    );
  });

  it('copies a pack to change it, once', async () => {
    const { code, out } = await opsbro('packs', 'overload', 'core.applications', '--to-level', 'local');
    const target = join(place.config, 'applications');
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining(`is now in ${target}\n`) });
    expect((await opsbro('config', 'check')).code).toBe(0);
    expect((await opsbro('config', 'show', 'applications/detector/redis')).out).toContain(target);
    expect(await opsbro('packs', 'overload', 'applications')).toMatchObject({
      code: 2,
      err: `opsbro: ${target} exists already; nothing was copied\n`,
    });
  });

  it('refuses an unknown parameter and a wrong type with exit 2', async () => {
    expect(await opsbro('packs', 'parameters', 'get', 'redis.latenci')).toMatchObject({
      code: 2,
      err: "opsbro: the pack redis has no parameter 'latenci'; did you mean 'latency'?\n",
    });
    expect(await opsbro('packs', 'parameters', 'set', 'redis.latency', 'high')).toMatchObject({
      code: 2,
      err: 'Error: The value high for parameter redis.latency is not valid, should be of type float\n',
    });
  });
});
