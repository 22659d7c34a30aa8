import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '../../cli/program.ts';
import { createControlClient } from '../../core/control/client.ts';
import { parseYaml } from '../../core/sources/yaml.ts';

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
let folder: string;
let config: string;
let servers: Server[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'opsbro-cli-config-'));
  config = join(folder, 'config.d');
  mkdirSync(config);
  servers = [];
});

afterEach(() => {
  for (const server of servers) server.close().closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
});

function write(path: string, text: string): string {
  const file = join(config, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text, { mode: 0o644 });
  return file;
}

async function opsbro(...line: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await runCli(['--data', join(folder, 'data'), '--config', config, ...line], {
    stdout: {
      write: (text: string) => {
        out += text;
      },
    },
    stderr: {
      write: (text: string) => {
        err += text;
      },
    },
    env: {},
    uid: process.getuid?.() ?? 0,
    root,
  });
  return { code, out, err };
}

/** An agent that answers these paths. */
async function agent(answers: { [path: string]: unknown }): Promise<void> {
  mkdirSync(join(folder, 'data', 'run'), { recursive: true });
  const server = createServer((request, response) => {
    const answer = answers[request.url ?? ''];
    response.statusCode = answer === undefined ? 404 : 200;
    response.end(JSON.stringify(answer ?? { error: { code: 'OPSBRO_API_NOT_FOUND', message: 'no' } }));
  });
  servers.push(server);
  const { socket } = createControlClient(join(folder, 'data'));
  await new Promise<void>((resolve) => server.listen(socket, resolve));
}

const check = 'check:\n  critical_if: "{{collector.loadaverage.load1}} > 5"\n';

describe('opsbro config check', () => {
  it('exits 0 on the shipped configuration with a good one over it, also with --strict', async () => {
    write('a/load.yml', check);
    const { code, out, err } = await opsbro('config', 'check', '--strict');
    expect({ code, out }).toEqual({ code: 0, out: '' });
    expect(err).toMatch(/^ok: \d+ files, \d+ objects, 0 errors, 0 warnings\n$/);
  });

  it('prints file:line:column of every error of every file and exits 78', async () => {
    const one = write('a/one.yml', `${check}  intervall: 10s\n`);
    const two = write('b/two.yml', 'check: [\n');
    const { code, out } = await opsbro('config', 'check');
    expect(code).toBe(78);
    expect(out.split('\n').slice(0, 2)).toEqual([
      `${one}:3:3: the key 'intervall' does not exist in a check; did you mean 'interval'?`,
      expect.stringMatching(new RegExp(`^${two}:2:1: invalid YAML: `)),
    ]);
  });

  it('takes warnings for errors with --strict only', async () => {
    write('a/one.yml', 'check: {critical_if: "{{parameters.nothing}} > 1"}\n');
    expect((await opsbro('config', 'check')).code).toBe(0);
    const strict = await opsbro('config', 'check', '--strict');
    expect(strict.code).toBe(78);
    expect(strict.out).toContain(': warning: ');
  });

  it('checks a directory given over the base, and prints JSON', async () => {
    const other = join(folder, 'other');
    mkdirSync(other);
    writeFileSync(join(other, 'x.yml'), 'nonsense: 1\n', { mode: 0o644 });
    const { code, out } = await opsbro('config', 'check', other, '--json');
    expect(code).toBe(78);
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      errors: 1,
      diagnostics: [
        {
          severity: 'error',
          code: 'OPSBRO_CONFIG_UNKNOWN_KEY',
          place: { file: join(other, 'x.yml'), line: 1, column: 1 },
        },
      ],
    });
    expect((await opsbro('config', 'check', join(folder, 'missing'))).code).toBe(78);
  });
});

describe('opsbro config plan', () => {
  it('says what a reload would do to the running agent', async () => {
    write('a/new.yml', check);
    await agent({
      '/api/v1/config/running': [{ id: 'a/check/gone', digest: 'x', file: join(config, 'a/gone.yml') }],
    });
    const { code, out } = await opsbro('config', 'plan');
    expect(code).toBe(0);
    expect(out).toMatch(/\+ start {3}a\/check\/new /);
    expect(out).toMatch(/- stop {4}a\/check\/gone\n/);
    expect(JSON.parse((await opsbro('config', 'plan', '--json')).out)).toMatchObject({
      stop: ['a/check/gone'],
      kept: 0,
    });
  });

  it('plans a first start where no agent runs', async () => {
    write('a/new.yml', check);
    const { code, out, err } = await opsbro('config', 'plan');
    expect(code).toBe(0);
    expect(err).toContain('no agent runs here: everything would start');
    expect(out).toContain('a/check/new');
  });
});

describe('opsbro config status', () => {
  it('prints what the agent loaded', async () => {
    await agent({
      '/api/v1/config/status': {
        generation: 3,
        loaded_at: new Date().toISOString(),
        took_ms: 12,
        directories: ['/c'],
        files: 4,
        objects: 5,
        bad_files: ['/c/x.yml'],
        diagnostics: [
          {
            severity: 'error',
            code: 'X',
            message: 'broken',
            place: { file: '/c/x.yml', line: 2, column: 3 },
          },
        ],
      },
    });
    const { code, out } = await opsbro('config', 'status');
    expect(code).toBe(0);
    expect(out).toContain('5 objects in 4 files');
    expect(out).toContain('/c/x.yml:2:3: broken');
  });

  it('names the socket where no agent runs', async () => {
    const { code, err } = await opsbro('config', 'status');
    expect(code).toBe(1);
    expect(err).toContain('opsbro.sock');
  });
});

describe('opsbro config show', () => {
  it('prints the effective keys of an object and where each came from', async () => {
    write('a/load.yml', 'check:\n  interval: 1m\n  critical_if: "{{parameters.x}} > 5"\n');
    write('a/parameters.yml', 'x: 7\n');
    const { out } = await opsbro('config', 'show', 'a/check/load', '--json');
    const [shown] = JSON.parse(out) as {
      keys: { key: string; value: unknown; origin: string; place?: { line: number } }[];
    }[];
    const key = (name: string) => shown?.keys.find((each) => each.key === name);
    expect(key('interval')).toMatchObject({ value: '1m', origin: 'file', place: { line: 2 } });
    expect(key('attempts')).toEqual({ key: 'attempts', value: 1, origin: 'default' });
    expect(key('parameters.x')).toMatchObject({ value: 7, origin: 'parameters' });
    expect((await opsbro('config', 'show', 'load')).out).toContain('a/check/load');
  });

  it('lists all ids, and knows what was meant', async () => {
    write('a/load.yml', check);
    expect((await opsbro('config', 'show')).out).toMatch(/a\/check\/load +.*load.yml:1:1/);
    const { code, err } = await opsbro('config', 'show', 'a/check/laod');
    expect(code).toBe(2);
    expect(err).toContain("did you mean 'a/check/load'?");
  });

  it('says what overrides what, and hides secrets', async () => {
    write('agent.yml', 'encryption_key: abc\ndisplay_name: me\n');
    const { out } = await opsbro('config', 'show', 'agent', '--json');
    expect(out).not.toContain('abc');
    const [shown] = JSON.parse(out) as { keys: { key: string; value: unknown; origin: string }[] }[];
    expect(shown?.keys).toContainEqual(
      expect.objectContaining({ key: 'display_name', value: 'me', origin: 'override' }),
    );
    expect(shown?.keys).toContainEqual(expect.objectContaining({ key: 'encryption_key', value: '********' }));
  });
});

describe('opsbro config schema', () => {
  it('is a valid JSON Schema that takes the shipped files and completes their keys', async () => {
    const schema = JSON.parse((await opsbro('config', 'schema')).out) as {
      properties: { check: { properties: object } };
    };
    const ajv = new Ajv({ strict: false, allErrors: true });
    for (const format of ['duration', 'interval', 'size', 'expression', 'secret'])
      ajv.addFormat(format, true);
    const fits = ajv.compile(schema);
    const value = (text: string): unknown => parseYaml(text).documents[0]?.value;
    expect(fits(value(readFileSync(join(root, 'config.d', 'agent.yml'), 'utf8')))).toBe(true);
    expect(fits(value(`${check}  interval: 10\n`))).toBe(true);
    expect(fits(value('detector: {aply_if: "1"}\n'))).toBe(false);
    expect(fits(value('collector: {use: diskusage, nonsense: 1}\n'))).toBe(false);
    expect(Object.keys(schema.properties.check.properties)).toEqual(
      expect.arrayContaining(['interval', 'if_group', 'critical_if', 'tests']),
    );
  });

  it('ships beside the files that point at it (npm run build && bin/opsbro config schema > config.d/opsbro.schema.json)', async () => {
    const shipped = JSON.parse(readFileSync(join(root, 'config.d', 'opsbro.schema.json'), 'utf8'));
    config = join(root, 'config.d');
    expect(shipped).toEqual(JSON.parse((await opsbro('config', 'schema')).out));
  });
});

describe('opsbro config test', () => {
  const tests = (state: string): string =>
    `${check}  ok_output: "'load %s' % {{collector.loadaverage.load1}}"\n  tests:\n` +
    `    - given: {loadaverage: {load1: 1}}\n      expect: {state: ${state}, output: load 1}\n` +
    '    - given: {collector.loadaverage.load1: 9}\n      expect: {state: critical}\n' +
    '    - given: {}\n      expect: {state: unknown}\n';

  it('runs the tests of checks in the real engine', async () => {
    write('a/load.yml', tests('ok'));
    const { code, out } = await opsbro('config', 'test', 'a');
    expect({ code, out }).toEqual({
      code: 0,
      out: 'pass  a/check/load #1\npass  a/check/load #2\npass  a/check/load #3\n3 passed, 0 failed\n',
    });
  });

  it('prints what was expected and found, and exits 1', async () => {
    write('a/load.yml', tests('warning'));
    const { code, out } = await opsbro('config', 'test', 'a/check/load');
    expect(code).toBe(1);
    expect(out).toContain('      - expected  warning load 1\n      + found     ok load 1\n');
    expect(out).toMatch(/FAIL {2}a\/check\/load #1 {2}.*load.yml:5:7/);
    const json = JSON.parse((await opsbro('config', 'test', 'a', '--json')).out) as object;
    expect(json).toMatchObject({ passed: 2, failed: 1 });
  });

  it('takes results of host functions from the test', async () => {
    write(
      'a/file.yml',
      'check:\n  critical_if: "file_exists(\'/x\')"\n  tests:\n' +
        '    - given: {functions: {file_exists: true}}\n      expect: {state: critical}\n' +
        '    - given: {functions: {file_exists: false}}\n      expect: {state: ok}\n',
    );
    expect(await opsbro('config', 'test', 'a')).toMatchObject({ code: 0 });
  });
});

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
    expect(parseYaml(readFileSync(join(config, 'agent.yml'), 'utf8')).documents[0]?.value).toEqual({
      groups: ['web'],
    });
    expect((await opsbro('config', 'check')).code).toBe(0);
  });

  it('edits keys below agent: in place', async () => {
    const file = write('agent.yml', 'agent:\n  port: 1\n');
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
    expect(parseYaml(readFileSync(join(config, 'agent.yml'), 'utf8')).documents[0]?.value).toEqual({
      display_name: '10',
    });
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

  it.each(['redis.latency', 'local.redis.latency', 'global.redis.latency'])('gets %s', async (path) => {
    expect((await opsbro('packs', 'parameters', 'get', path)).out).toBe(
      'redis.latency → 10\n  | # how slow is slow\n',
    );
  });

  it('sets, adds and removes in the file that has the parameter', async () => {
    const file = join(config, 'packs/redis/parameters/parameters.yml');
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
    const file = join(config, 'linux', 'parameters.yml');
    expect({ code, out }).toEqual({ code: 0, out: `OK: linux.swap.warning (${file}) SET warning → 70\n` });
    expect(parseYaml(readFileSync(file, 'utf8')).documents[0]?.value).toEqual({ swap: { warning: 70 } });
    expect((await opsbro('packs', 'parameters', 'get', 'linux.swap.warning')).out).toMatch(
      /^linux.swap.warning → 70\n/,
    );
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
