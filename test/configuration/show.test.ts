import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ShownObject } from '../../configuration/model.ts';
import { createWorkbench, type Workbench } from './workbench.ts';

let made: Workbench;

beforeEach(() => {
  made = createWorkbench(['config.d', 'over']);
});

afterEach(() => made.dispose());

function shown(id: string): { [key: string]: Partial<ShownObject['keys'][number]> } {
  made.configuration.read(made.directories);
  const [object] = made.configuration.show(id);
  return Object.fromEntries((object?.keys ?? []).map(({ key, ...rest }) => [key, rest]));
}

describe('show', () => {
  it('tells written keys, defaults and pack parameters apart', () => {
    made.write('redis/parameters.yml', 'server: db\n');
    made.write('redis/redis.yml', 'collector:\n  port: 1\n');
    expect(shown('redis/collector/redis')).toMatchObject({
      port: { value: 1, origin: 'file', place: { file: made.path('redis/redis.yml'), line: 2, column: 3 } },
      'options.server': { value: 'db', origin: 'parameters' },
      'options.patience': { value: '3s', origin: 'default' },
      interval: { value: '10s', origin: 'default' },
      enabled: { value: true, origin: 'default' },
    });
  });

  it('gives the parameters of all packs, secrets redacted', () => {
    made.write('redis/parameters.yml', 'port: 6380\npassword: hunter2\n');
    made.configuration.read(made.directories);
    const redis = made.configuration.show('parameters').find(({ id }) => id === 'redis/parameters');
    expect(redis?.keys).toEqual([
      {
        key: 'port',
        value: 6380,
        origin: 'parameters',
        place: { file: made.path('redis/parameters.yml'), line: 1, column: 1 },
      },
      expect.objectContaining({ key: 'password', value: '********' }),
    ]);
  });

  it('tells of each parameter in which file it was given last', () => {
    made.write('web/parameters.yml', 'cpu: {warning: 95, critical: 99}\n');
    made.write('/over/web/parameters.yml', 'cpu:\n  warning: 90\n');
    made.configuration.read(made.directories);
    const over = made.path('/over/web/parameters.yml');
    const [web] = made.configuration.show('parameters');
    expect(web?.keys).toEqual([
      { key: 'cpu.warning', value: 90, origin: 'parameters', place: { file: over, line: 2, column: 3 } },
      {
        key: 'cpu.critical',
        value: 99,
        origin: 'parameters',
        place: { file: made.path('web/parameters.yml'), line: 1, column: 20 },
      },
    ]);
  });

  it('redacts secrets, inline and below options', () => {
    made.write('a/one.yml', 'collector: {use: redis, password: hunter2}\n');
    made.write('a/two.yml', 'collector: {use: redis, options: {password: hunter2}}\n');
    made.write('a/three.yml', 'collector: {use: redis, password: {env: P}}\n');
    made.write('redis/parameters.yml', 'password: hunter2\n');
    made.write('redis/redis.yml', 'collector: {}\n');
    for (const id of ['a/collector/one', 'a/collector/two', 'redis/collector/redis']) {
      const text = JSON.stringify(shown(id));
      expect(text).toContain('********');
      expect(text).not.toContain('hunter2');
    }
    expect(shown('a/collector/three').password?.value).toEqual({ env: 'P' });
  });

  it('says what a later directory overrides', () => {
    made.write('a/cpu.yml', 'check: {critical_if: "1 > 2"}\n');
    made.write('/over/a/cpu.yml', 'check: {critical_if: "2 > 3"}\n');
    expect(shown('a/check/cpu').critical_if).toMatchObject({ value: '2 > 3', origin: 'override' });
  });

  it('says of each key of a partial override which file it came from', () => {
    made.write('a/cpu.yml', 'check: {critical_if: "1 > 2", interval: 1m}\n');
    made.write('/over/a/cpu.yml', 'check: {interval: 30s}\n');
    const keys = shown('a/check/cpu');
    expect(keys.critical_if).toMatchObject({ origin: 'file', place: { file: made.path('a/cpu.yml') } });
    expect(keys.interval).toMatchObject({
      value: '30s',
      origin: 'override',
      place: { file: made.path('/over/a/cpu.yml'), line: 1, column: 9 },
    });
    expect(keys.enabled).toMatchObject({ value: true, origin: 'default' });
  });

  it('shows the command of a script with its values, and no secret among them', () => {
    made.write('agent.yml', 'variables: {plugins: /opt/my plugins, snmp: {community: hunter2}}\n');
    made.write('redis/parameters.yml', 'password: hunter2\nserver: db\n');
    made.write(
      'redis/text.yml',
      `check: {script: "$plugins$/check -H $server$ -p '$password$' -C $snmp.community$ | grep $limits.warning$", limits: {warning: 5}}\n`,
    );
    made.write(
      'redis/list.yml',
      'check: {script: ["$plugins$/check", -p, $my.token$, a], my: {token: hunter2}}\n',
    );
    made.write('redis/typo.yml', 'check: {script: "check $limits.warnin$", limits: {warning: 5}}\n');
    expect(shown('redis/check/text').command?.value).toBe(
      "'/opt/my plugins'/check -H 'db' -p '********' -C '********' | grep '5'",
    );
    expect(shown('redis/check/list').command?.value).toBe("'/opt/my plugins/check' -p '********' a");
    expect(shown('redis/check/typo').command).toBeUndefined();
  });

  it('lists the parameters that expressions bind', () => {
    made.write('a/parameters.yml', 'cpu: {low: 4}\nother: 1\n');
    made.write('a/cpu.yml', 'check: {critical_if: "{{parameters.cpu.low}} > 2"}\n');
    const keys = shown('cpu');
    expect(keys['parameters.cpu.low']).toMatchObject({
      value: 4,
      origin: 'parameters',
      place: { file: made.path('a/parameters.yml'), line: 1, column: 7 },
    });
    expect(keys['parameters.other']).toBeUndefined();
  });

  it('shows everything, the agent last', () => {
    made.configuration.read(made.directories);
    expect(made.configuration.show(null).at(-1)?.id).toBe('agent');
    expect(made.configuration.show('nothing')).toEqual([]);
  });

  it('needs a load first', () => {
    expect(() => made.configuration.show(null)).toThrow(
      expect.objectContaining({ code: 'OPSBRO_API_INVALID' }),
    );
  });
});
