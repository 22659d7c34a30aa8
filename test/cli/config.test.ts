import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
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

  it('knows which service a key of agent.yml means', async () => {
    const file = write('agent.yml', 'gosip: {}\n');
    const { out } = await opsbro('config', 'check');
    expect(out).toMatch(
      new RegExp(`^${file}:1:1: the key 'gosip' does not exist .*did you mean 'gossip'\\?$`, 'm'),
    );
  });

  it('finds a key and an address of gossip that are none, and repeats no key', async () => {
    const file = write('agent.yml', 'gossip:\n  key: abc\n  address: 999.1.1.1\n');
    const { code, out } = await opsbro('config', 'check');
    expect(code).toBe(78);
    expect(out.split('\n').slice(0, 2)).toEqual([
      `${file}:2:8: 'key' is a secret that does not fit, expected 16 or 32 bytes in base64, as 'opsbro agent keygen' prints them`,
      `${file}:3:12: 'address' is the text "999.1.1.1", expected an address such as '127.0.0.1', '0.0.0.0' or '::1'`,
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
    const other = join(place.folder, 'other');
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
    expect((await opsbro('config', 'check', join(place.folder, 'missing'))).code).toBe(78);
  });
});

describe('opsbro config plan', () => {
  it('says what a reload would do to the running agent', async () => {
    write('a/new.yml', check);
    await place.agent({
      '/api/v1/config/running': [{ id: 'a/check/gone', digest: 'x', file: join(place.config, 'a/gone.yml') }],
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

  it('says which keys of an object differ from what runs', async () => {
    const file = write(
      'a/new.yml',
      'check: {critical_if: "2 > 1", interval: 30s, thresholds: {load: 5}, access: {password: s2}, notes: n}\n',
    );
    const running = { id: 'a/check/new', digest: 'x', file };
    const written = {
      critical_if: '1 > 2',
      thresholds: { load: 4, swap: 1 },
      access: { password: '********' },
      notes: 'n',
    };
    await place.agent({
      '/api/v1/config/running': [running],
      '/api/v1/config/running/a%2Fcheck%2Fnew': { written },
    });
    const { out } = await opsbro('config', 'plan');
    const restart = out.slice(out.indexOf('~ restart'));
    expect(restart.split('\n').slice(1, 5)).toEqual([
      '            critical_if: 1 > 2 -> 2 > 1',
      '            interval: (not set) -> 30s',
      '            thresholds.load: 4 -> 5',
      '            thresholds.swap: 1 -> (not set)',
    ]);
    expect(out).not.toContain('s2');
    expect(JSON.parse((await opsbro('config', 'plan', '--json')).out).changes['a/check/new'][1]).toEqual({
      ...{ key: 'interval', old: null, new: '30s' },
    });
  });

  it('says that what an object takes from elsewhere differs, or that its file is another', async () => {
    write('a/new.yml', 'check: {critical_if: "2 > 1"}\n');
    write('a/moved.yml', 'check: {critical_if: "2 > 1"}\n');
    const written = { critical_if: '2 > 1' };
    await place.agent({
      '/api/v1/config/running': [
        { id: 'a/check/new', digest: 'x', file: join(place.config, 'a/new.yml') },
        { id: 'a/check/moved', digest: 'x', file: '/old.yml' },
      ],
      '/api/v1/config/running/a%2Fcheck%2Fnew': { written },
      '/api/v1/config/running/a%2Fcheck%2Fmoved': { written },
    });
    const { out } = await opsbro('config', 'plan');
    expect(out).toMatch(/restart a\/check\/new .*\n +none of its own keys: what it takes from parameters/);
    expect(out).toMatch(/restart a\/check\/moved .*\n +\(file\): \/old.yml -> .*a\/moved.yml\n/);
  });

  it('plans a first start where no agent runs', async () => {
    write('a/new.yml', check);
    const { code, out, err } = await opsbro('config', 'plan');
    expect(code).toBe(0);
    expect(err).toContain('no agent runs here: everything would start');
    expect(out).toMatch(/^a +check +1$/m);
    expect(out).not.toContain('a/check/new');
    expect((await opsbro('config', 'plan', '--all')).out).toMatch(/\+ start {3}a\/check\/new /);
  });

  it('lays directories that are given over those of --config, and names one that is not there', async () => {
    write('a/new.yml', check);
    const other = join(place.folder, 'other');
    mkdirSync(other);
    writeFileSync(join(other, 'more.yml'), check, { mode: 0o644 });
    const { code, out } = await opsbro('config', 'plan', other, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out).start).toEqual(expect.arrayContaining(['a/check/new', 'local/check/more']));
    const missing = join(place.folder, 'missing');
    for (const verb of ['plan', 'check']) {
      const bad = await place.opsbro(['config', verb, other], missing);
      expect(bad.code).toBe(78);
      expect(bad.out).toContain(missing);
    }
  });
});

describe('opsbro config status', () => {
  it('prints what the agent loaded, and exits 78 for bad files', async () => {
    await place.agent({
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
    expect(code).toBe(78);
    expect(out).toMatch(/loaded (now|\d+s ago) in 12 ms/);
    expect(out).toContain('5 objects in 4 files');
    expect(out).toContain('/c/x.yml:2:3: broken');
  });

  it('names the socket where no agent runs', async () => {
    const { code, err } = await opsbro('config', 'status');
    expect(code).toBe(1);
    expect(err).toContain('opsbro.sock');
  });
});

describe('commands that read configuration by themselves', () => {
  const reading = [
    ['config', 'check', '--json'],
    ['config', 'show', 'a/check/load'],
    ['config', 'test', 'a/check/load'],
    ['packs', 'show', 'a'],
    ['packs', 'parameters', 'get', 'a.x'],
    ['agent', 'parameters', 'get', 'variables.mine'],
    ['agent', 'parameters', 'show'],
  ];

  beforeEach(() => {
    write('a/load.yml', check);
    write('a/parameters.yml', 'x: 7\n');
    write('agent.yml', 'variables: {mine: here}\n');
  });

  it.each(reading.map((words) => [words]))('%j asks the running agent for its directories', async (words) => {
    await place.agent({ '/api/v1/agent': { config: [join(root, 'config.d'), place.config] } });
    const asked = await place.opsbro(words, null);
    expect(asked).toEqual(await opsbro(...words));
    expect(asked.code).toBe(0);
  });

  it('read the directories of the command line though an agent runs', async () => {
    await place.agent({ '/api/v1/agent': { config: [join(root, 'config.d'), '/nonexistent'] } });
    expect((await opsbro('config', 'show', 'a/check/load')).code).toBe(0);
  });

  it('read the default directories where no agent runs', async () => {
    expect((await place.opsbro(['config', 'show', 'linux/check/swap'], null)).code).toBe(0);
    expect((await place.opsbro(['config', 'show', 'a/check/load'], null)).code).toBe(2);
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
    expect(key('parameters.x')).toMatchObject({ value: 7, origin: 'parameters', place: { line: 1 } });
    const text = (await opsbro('config', 'show', 'load')).out;
    expect(text).toContain('a/check/load');
    expect(text).toMatch(/^parameters\.x +\S+a\/parameters\.yml:1:1 +7$/m);
  });

  it('gives what is nested a row each', async () => {
    write(
      'a/load.yml',
      'check:\n  critical_if: "1 > 2"\n  variables: { one: "1", two: "2" }\n  tests:\n    - given: {}\n      expect: { state: ok }\n',
    );
    const { out } = await opsbro('config', 'show', 'a/check/load');
    expect(out).toMatch(/^variables\.one +\S+load\.yml:3:3 +1$/m);
    expect(out).toMatch(/^variables\.two +\S+load\.yml:3:3 +2$/m);
    expect(out).toMatch(/^tests\.0 +\S+load\.yml:4:3 +\{"given":\{\},"expect":\{"state":"ok"\}\}$/m);
  });

  it('places a parameter in the last file that gives it', async () => {
    const file = write('linux/parameters.yml', '# mine\nswap:\n  warning: 71\n');
    const { out } = await opsbro('config', 'show', 'linux/check/swap');
    expect(out).toContain(`${file}:3:3`);
    expect(out).toMatch(/^parameters\.swap\.critical +\S*config\.d\/linux\/parameters\.yml:\d+:\d+ /m);
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
    const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
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
    const { out } = await place.opsbro(['config', 'schema'], join(root, 'config.d'));
    expect(shipped).toEqual(JSON.parse(out));
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
