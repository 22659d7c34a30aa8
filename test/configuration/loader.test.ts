import { rmSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type {
  CheckObject,
  CollectorObject,
  DetectorObject,
  HandlerObject,
} from '../../configuration/model.ts';
import { createWorkbench, lines, type Workbench } from './workbench.ts';

const benches: Workbench[] = [];

function bench(files: { [path: string]: string } = {}, names?: string[]): Workbench {
  const made = createWorkbench(names);
  benches.push(made);
  for (const [path, content] of Object.entries(files)) made.write(path, content);
  return made;
}

afterEach(() => {
  for (const each of benches.splice(0)) each.dispose();
});

const check = (warning: number, id = 'cpu'): string =>
  `check:\n  id: ${id}\n  critical_if: "{{collector.cpustats.idle}} < ${warning}"\n  ok_output: "'fine'"\n`;

function object<Kind>(made: Workbench, id: string): Kind {
  const plan = made.load();
  expect(lines(plan.diagnostics)).toEqual([]);
  return plan.start.find((each) => each.id === id) as Kind;
}

describe('a load', () => {
  it('names objects by pack, kind and file, and looks through transparent folders', () => {
    const made = bench({
      'cpu.yml': check(1, 'root'),
      'web/disk.yml': check(1).replace('  id: cpu\n', ''),
      'packs/redis/monitoring/redis.yml': check(1).replace('  id: cpu\n', ''),
      'packs/redis/detectors/here.yml': 'detector: {apply_if: "True", groups: [redis]}\n',
      'monitoring/deep/other.yaml': check(1, 'x'),
      'web/LOUD.YML': check(1).replace('  id: cpu\n', ''),
      'web/Mixed.Yaml': check(1).replace('  id: cpu\n', ''),
      'both.yml': `${check(1, 'one')}---\n${check(1, 'two')}handler:\n  type: log\n`,
    });
    const ids = made.load().start.map(({ id }) => id);
    expect(ids.filter((id) => !id.startsWith('core/')).sort()).toEqual([
      'deep/check/x',
      'local/check/one',
      'local/check/root',
      'local/check/two',
      'local/handler/both',
      'redis/check/redis',
      'redis/detector/here',
      'web/check/LOUD',
      'web/check/Mixed',
      'web/check/disk',
    ]);
  });

  it.each(['plug/plugin.yaml', 'plug/PLUGIN.YML', 'plugin.yml'])('says what %s is to be called', (path) => {
    const plan = bench({ [path]: 'api: 1\nkind: collector\nname: plug\nsummary: x\n' }).load();
    expect(lines(plan.diagnostics)).toEqual([
      expect.stringMatching(
        /:1:1.*this is the manifest of a plugin; call it 'plugin\.yml', in a folder of the plugin's own/,
      ),
    ]);
  });

  it('gives shipped collectors and detectors with code an object without YAML', () => {
    const plan = bench().load();
    expect(plan.start.map(({ id }) => id)).toEqual([
      'core/collector/cpustats',
      'core/collector/redis',
      'core/detector/cloud',
    ]);
    expect(plan.start[1]).toMatchObject({
      kind: 'collector',
      pack: 'core',
      plugin: 'collector/redis',
      enabled: true,
      ifGroup: null,
      intervalMs: 10_000,
      options: { server: 'localhost', port: 6379, patience: '3s' },
    });
    expect(plan.plugins?.map(({ id }) => id)).toContain('check/rule');
  });

  it('lets YAML with its name replace it, and other names add instances', () => {
    const made = bench({
      'mine/redis.yml': 'collector:\n  interval: 30s\n  port: 1\n  options: {server: db}\n',
      'mine/second.yml': 'collector: {use: redis, enable: false, timeout: 2s}\n',
    });
    const plan = made.load();
    const collectors = plan.start.filter((each): each is CollectorObject => each.kind === 'collector');
    expect(collectors.map(({ id, enabled }) => [id, enabled])).toEqual([
      ['mine/collector/redis', true],
      ['mine/collector/second', false],
      ['core/collector/cpustats', true],
    ]);
    expect(collectors[0]).toMatchObject({
      intervalMs: 30_000,
      options: { port: 1, server: 'db', patience: '3s' },
    });
    expect(collectors[1]).toMatchObject({ timeoutMs: 2000 });
  });

  it.each([
    ['30s', 30_000],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['1d', 86_400_000],
    ['45', 45_000],
    ['"45"', 45_000],
  ])('takes the interval %s', (interval, ms) => {
    const made = bench({ 'a/c.yml': `${check(1)}  interval: ${interval}\n` });
    expect(object<CheckObject>(made, 'a/check/cpu').intervalMs).toBe(ms);
  });

  it('takes every spelling of a detector and a check', () => {
    const made = bench({
      'a/d.yml':
        'detector:\n  interval: 1m\n  apply_if: "grep(\'x\', \'/etc/x\')"\n  tags: ["a", "b"]\n  notes: hi\n',
      'a/mail.yml': 'handler: {use: log}\n',
      'a/c.yml': `${check(1)}  apply_on: linux\n  display_name: CPU\n  handlers: [mail]\n  attempts: 3\n  notes: n\n`,
    });
    expect(object<DetectorObject>(made, 'a/detector/d')).toMatchObject({
      plugin: 'detector/rule',
      intervalMs: 60_000,
      notes: 'hi',
      options: { apply_if: "grep('x', '/etc/x')", add_groups: ['a', 'b'] },
      program: { kind: 'detector', functions: ['grep_file'] },
    });
    expect(object<CheckObject>(made, 'a/check/cpu')).toMatchObject({
      ifGroup: 'linux',
      displayName: 'CPU',
      handlers: ['mail'],
      attempts: 3,
      notes: 'n',
    });
  });

  it.each(['"*"', '""', 'null', '~'])('runs a check everywhere with if_group: %s', (group) => {
    const made = bench({ 'a/c.yml': `${check(1)}  if_group: ${group}\n` });
    expect(object<CheckObject>(made, 'a/check/cpu').ifGroup).toBeNull();
  });

  it('keeps free data of a check for configuration references', () => {
    const text =
      'check:\n  limit: 7\n  critical_if: "{configuration.thresholds.cpu.critical} > 1 and {configuration.limit} > 2"\n' +
      '  ok_output: "\'ok\'"\n  thresholds:\n    cpu: {critical: 5}\n';
    const found = object<CheckObject>(bench({ 'a/c.yml': text }), 'a/check/c');
    expect(found.data).toEqual({ limit: 7, thresholds: { cpu: { critical: 5 } } });
    expect(found.program?.constants).toEqual(expect.arrayContaining([5, 7]));
  });

  it('binds the parameters of its pack, later directories over earlier ones', () => {
    const made = bench(
      {
        'a/c.yml': 'check: {critical_if: "{{parameters.cpu.low}} + {{parameters.cpu.high}} > 1"}\n',
        'a/parameters.yml': 'cpu: {low: 1, high: 2}\n',
        '/over/a/parameters/parameters.yml': 'cpu: {high: 99}\n',
      },
      ['config.d', 'over'],
    );
    expect(object<CheckObject>(made, 'a/check/c').program?.constants).toEqual(
      expect.arrayContaining([1, 99]),
    );
  });

  it('sets the options of a plugin from the parameters of the pack with its name', () => {
    const made = bench({
      'redis/parameters.yml': 'server: db1\nother: 1\n',
      'redis/c.yml': 'collector: {id: redis, port: 2}\n',
    });
    expect(object<CollectorObject>(made, 'redis/collector/redis').options).toMatchObject({
      server: 'db1',
      port: 2,
    });
  });

  it('sets the options of a plugin that runs without YAML from the pack with its name', () => {
    const made = bench({ 'packs/redis/parameters/parameters.yml': 'server: db1\nuser:\n' });
    expect(object<CollectorObject>(made, 'core/collector/redis').options).toMatchObject({
      server: 'db1',
      port: 6379,
    });
    const running = made.run();
    made.write('packs/redis/parameters/parameters.yml', 'server: [\n');
    expect(made.load(running)).toMatchObject({ start: [], restart: [], stop: [] });
    made.write('packs/redis/parameters/parameters.yml', 'server: db2\n');
    expect(made.load(running).restart.map(({ id }) => id)).toEqual(['core/collector/redis']);
  });

  it('makes a service of a top-level key with its name, or of the parameters of its pack', () => {
    const byKey = bench({ 'net/x.yml': 'echo: {enabled: true, port: 9}\n' });
    expect(object(byKey, 'net/service/echo')).toMatchObject({
      plugin: 'listener/echo',
      enabled: true,
      options: { port: 9 },
    });
    const byPack = bench({ 'packs/echo/parameters/parameters.yml': 'enabled_if_group: talkers\nport: 10\n' });
    expect(object(byPack, 'echo/service/echo')).toMatchObject({
      enabledIfGroup: 'talkers',
      options: { port: 10 },
    });
  });

  it('takes handlers, dashboards and packages', () => {
    const made = bench({
      'a/h.yml': 'handler: {id: tell, type: log, severities: [critical], level: warn}\n',
      'a/dashboards/d.yml':
        'dashboard:\n  title: T\n  content: {vertical_split: [{donut: {title: x, unit: "%", value: "1 + 1"}}]}\n',
      'a/package.yml': 'name: a\ntopics: [x]\n',
    });
    expect(object<HandlerObject>(made, 'a/handler/tell')).toMatchObject({
      plugin: 'handler/log',
      severities: ['critical'],
      options: { level: 'warn' },
    });
    expect(object(made, 'a/dashboard/d')).toMatchObject({ title: 'T' });
    expect(object(made, 'a/package/package')).toMatchObject({ package: { name: 'a', topics: ['x'] } });
  });

  it('keeps the tests of a check with their places', () => {
    const text = `${check(1)}  tests:\n    - given: {cpustats: {idle: 5}}\n      expect: {state: ok}\n`;
    const [test] = object<CheckObject>(bench({ 'a/c.yml': text }), 'a/check/cpu').tests;
    expect(test).toMatchObject({ expect: { state: 'ok' }, place: { line: 6, column: 7 } });
  });
});

describe('agent.yml', () => {
  it('merges flat and nested files key by key and fills defaults', () => {
    const made = bench(
      {
        'agent.yml': 'groups: [a]\nport: 1\n',
        '/over/agent.yml': 'agent:\n  display_name: me\n  port: 2\nvariables: {x: 1}\n',
      },
      ['config.d', 'over'],
    );
    const plan = made.load();
    expect(lines(plan.diagnostics)).toEqual([]);
    expect(plan.agent).toMatchObject({
      groups: ['a'],
      displayName: 'me',
      nodeZone: 'internet',
      logLevel: 'info',
      variables: { x: 1 },
      limits: { expressionCpuMs: 50, expressionMemoryBytes: 64 * 1024 * 1024 },
      values: { port: 2, bootstrap: false },
    });
  });

  it.each([
    ['', 7],
    ['explain_days: 30\n', 30],
  ])('keeps records for explain as %j says, for a week unless told', (text, explainDays) => {
    expect(bench({ 'agent.yml': text }).load().agent).toMatchObject({ explainDays });
  });

  it.each(['0', '400', 'week'])('refuses to keep records for %s days', (days) => {
    expect(lines(bench({ 'agent.yml': `explain_days: ${days}\n` }).load().diagnostics)).toEqual([
      expect.stringContaining('explain_days'),
    ]);
  });

  it('takes every limit of an evaluation, and no stack that outruns its thread', () => {
    const limits = (stack: string): string =>
      `limits: {expression_cpu: 80ms, expression_watchdog: 1s, expression_memory: 32MiB, expression_stack: ${stack}}\n`;
    for (const [stack, expressionStackBytes] of [
      ['64KiB', 64 * 1024],
      ['8MiB', 256 * 1024],
    ] as const)
      expect(bench({ 'agent.yml': limits(stack) }).load().agent?.limits).toMatchObject({
        expressionCpuMs: 80,
        expressionWatchdogMs: 1000,
        expressionMemoryBytes: 32 * 1024 * 1024,
        expressionStackBytes,
      });
  });

  it('takes a heartbeat as a URL alone, each minute', () => {
    const made = bench({ 'agent.yml': 'heartbeat: https://hc.example.org/ping/1\n' });
    const plan = made.load();
    expect(lines(plan.diagnostics)).toEqual([]);
    expect(plan.agent?.heartbeat).toEqual({
      intervalMs: 60_000,
      options: { url: 'https://hc.example.org/ping/1' },
    });
  });

  it('holds other objects too', () => {
    const made = bench({ 'agent.yml': 'groups: []\nhandler: {type: log}\n' });
    expect(object(made, 'local/handler/agent')).toBeDefined();
  });

  it('keeps the running settings when it turns bad, and what leans on its data', () => {
    const made = bench({
      'agent.yml': 'variables: {limit: 5}\n',
      'a/c.yml': 'check: {critical_if: "{{configuration.limit}} > 1"}\n',
      'a/d.yml': check(1, 'd'),
    });
    const running = made.run();
    made.write('agent.yml', 'variables: {limit: 6}\ngruops: [x]\n');
    made.write('a/d.yml', check(2, 'd'));
    const plan = made.load(running);
    expect(plan.agent).toBeNull();
    expect(plan).toMatchObject({ start: [], stop: [] });
    expect(plan.restart.map(({ id }) => id)).toEqual(['a/check/d']);
    expect(lines(plan.diagnostics).find((line) => line.startsWith('agent.yml'))).toMatch(
      /^agent.yml:2:1 error the key 'gruops' does not exist .*did you mean 'groups'\?$/,
    );
    made.write('agent.yml', 'variables: {limit: 7}\n');
    expect(
      made
        .load(running)
        .restart.map(({ id }) => id)
        .sort(),
    ).toEqual(['a/check/c', 'a/check/d']);
  });
});

describe('memory', () => {
  it('tells errors in new contents from those met before', () => {
    const made = bench({ 'a/cpu.yml': 'check: [\n' });
    made.load();
    expect(made.configuration.meetsNewErrors()).toBe(true);
    made.load();
    expect(made.configuration.meetsNewErrors()).toBe(false);
    made.write('a/cpu.yml', 'check: {\n');
    made.load();
    expect(made.configuration.meetsNewErrors()).toBe(true);
  });
});

describe('hostile input', () => {
  it('never makes a load throw', () => {
    const made = bench({ 'good/cpu.yml': check(1) });
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)),
      fc.string({ maxLength: 300 }).map((text) => Buffer.from(text)),
      fc.json().map((text) => Buffer.from(`check: ${text}\n`)),
      fc.json().map((text) => Buffer.from(`{"detector": ${text}, "collector": ${text}}\n`)),
      fc.json().map((text) => Buffer.from(`agent: ${text}\n`)),
    );
    const names = fc.constantFrom('a/x.yml', 'agent.yml', 'a/parameters.yml', 'a/package.yml', 'a/x.js');
    fc.assert(
      fc.property(names, bytes, (name, content) => {
        made.write(name, content);
        const plan = made.load();
        expect(plan.start.map(({ id }) => id)).toContain('good/check/cpu');
        rmSync(made.path(name));
      }),
      { numRuns: 300 },
    );
  });
});
