import { afterEach, describe, expect, it } from 'vitest';
import type { CheckObject, HandlerObject } from '../../../configuration/model.ts';
import { createWorkbench, type Workbench } from '../workbench.ts';

let made: Workbench;

afterEach(() => made.dispose());

const rule = "critical_if: '1 > 2'";

/** Loads files; gives an object and what was found, as `file:line:column severity message`. */
function load<Kind extends CheckObject | HandlerObject>(id: string, files: { [path: string]: string }) {
  made = createWorkbench();
  for (const [path, content] of Object.entries(files)) made.write(path, content);
  const { start, diagnostics } = made.load();
  const found = diagnostics.map(({ severity, message, place: { file, line, column } }) => {
    return `${file.split('/').at(-1)}:${line}:${column} ${severity} ${message}`;
  });
  return { object: start.find((object) => object.id === id) as Kind | undefined, found };
}

const check = (...keys: string[]) =>
  load<CheckObject>('a/check/c', {
    'a/c.yml': `check:\n${[rule, ...keys].map((key) => `  ${key}\n`).join('')}`,
    'a/parent.yml': `check: {${rule}}\n`,
    'a/mail.yml': 'handler: {type: log}\n',
  });

const handler = (...keys: string[]) =>
  load<HandlerObject>('a/handler/h', {
    'a/h.yml': `handler:\n${['type: log', ...keys].map((key) => `  ${key}\n`).join('')}`,
  });

describe('a check', () => {
  it('has defaults for all that makes a state and tells of it', () => {
    expect(check().object).toMatchObject({
      attempts: 1,
      retryIntervalMs: null,
      forMs: 0,
      volatile: false,
      flapping: { enabled: true, high: 30, low: 25 },
      onMissing: 'unknown',
      handlers: null,
      dependsOn: [],
      dependencyWaitMs: 10_000,
      labels: {},
      runbook: '',
      shadow: false,
      escalation: [],
    });
  });

  it('takes every key of its policy', () => {
    const { object, found } = check(
      ...['attempts: 3', 'retry_interval: 5s', 'for: 5m', 'volatile: true', 'flapping: {high: 50, low: 20}'],
      ...['on_missing: keep', 'depends_on: [parent, "group:linux"]', 'dependency_wait: 1m', 'mode: shadow'],
      ...['labels: {team: web, tier: 1}', 'runbook: https://wiki/x', 'handlers: [mail]'],
      'escalation: [{after: 1h, handlers: [mail]}, {after: 10m, handlers: [mail]}]',
    );
    expect(found).toEqual([]);
    expect(object).toMatchObject({
      attempts: 3,
      retryIntervalMs: 5000,
      forMs: 300_000,
      volatile: true,
      flapping: { enabled: true, high: 50, low: 20 },
      onMissing: 'keep',
      dependsOn: ['parent', 'group:linux'],
      dependencyWaitMs: 60_000,
      shadow: true,
      labels: { team: 'web', tier: '1' },
      runbook: 'https://wiki/x',
      handlers: ['mail'],
      escalation: [
        { afterMs: 600_000, handlers: ['mail'] },
        { afterMs: 3_600_000, handlers: ['mail'] },
      ],
    });
  });

  it.each([
    ['flapping: false', false],
    ['flapping: true', true],
    ['flapping: {enabled: false}', false],
    ['flapping: {high: 40}', true],
  ])('reads %s', (key, enabled) => {
    expect(check(key).object?.flapping.enabled).toBe(enabled);
  });

  it.each([
    ['flapping: {low: 40}', "error 'flapping.low' is 40, expected at most 'flapping.high', which is 30"],
    ['flapping: {high: 101}', "error 'flapping' is a mapping, expected true or false or a mapping"],
    [
      'for: soon',
      `error 'for' is the text "soon", expected a duration such as '10s', '5m', '2h', '1d' or a number of seconds`,
    ],
    ['on_missing: ok', `error 'on_missing' is the text "ok", expected one of unknown, critical, keep`],
    ['depends_on: parent', `error 'depends_on' is the text "parent", expected a list`],
    [
      'depends_on: [nobody]',
      "warning there is no check 'nobody' to depend on; name a check or write 'group:NAME'; until then it does not hold the check back",
    ],
    [
      'depends_on: [c]',
      'warning checks depend on each other in a circle: a/check/c → a/check/c; take one of these out; until then it does not hold the check back',
    ],
    ['mode: shadows', `error 'mode' is the text "shadows", expected one of live, shadow`],
    [
      'handlers: [mial]',
      "warning check a/check/c names the handler 'mial', which is not configured and is never called; did you mean 'mail'? the handlers are mail; since no handler that the check names exists, the default handlers are told",
    ],
    [
      'handlers: [mial, mail]',
      "warning check a/check/c names the handler 'mial', which is not configured and is never called; did you mean 'mail'? the handlers are mail",
    ],
    [
      'escalation: [{after: 1h, handlers: [mial]}]',
      "warning check a/check/c names the handler 'mial', which is not configured and is never called; did you mean 'mail'? the handlers are mail",
    ],
    ['escalation: [{after: 1h}]', "error 'escalation.0' lacks the key 'handlers'"],
    ['labels: {a: [1]}', "error 'labels.a' is a list, expected a text or a number or true or false"],
  ])('with %s is told so', (key, message) => {
    const [first = ''] = check(key).found;
    expect(first.replace(/^c\.yml:3:\d+ /, '')).toBe(message);
  });
});

describe('the handlers of a check', () => {
  const files = {
    'a/c.yml': `check: {${rule}}\n`,
    'a/x.yml': 'handler: {type: log}\n',
    'a/y.yml': 'handler: {type: log}\n',
  };
  const handlers = (more: { [path: string]: string }) =>
    load<CheckObject>('a/check/c', { ...files, ...more });

  it('are those of agent.yml where nothing else names any', () => {
    expect(handlers({ 'agent.yml': 'default_handlers: [x]\n' }).object?.handlers).toEqual(['x']);
  });

  it("are those of its pack's parameters before those", () => {
    const more = { 'agent.yml': 'default_handlers: [x]\n', 'a/parameters.yml': 'handlers: [y]\n' };
    expect(handlers(more).object?.handlers).toEqual(['y']);
  });

  it('are its own before all', () => {
    const own = `check: {${rule}, handlers: []}\n`;
    expect(handlers({ 'a/c.yml': own, 'agent.yml': 'default_handlers: [x]\n' }).object?.handlers).toEqual([]);
  });

  it('have behind them those that are told where none of them exists', () => {
    const own = `check: {${rule}, handlers: [v]}\n`;
    const more = { 'a/c.yml': own, 'agent.yml': 'default_handlers: [x]\n' };
    expect(handlers(more).object).toMatchObject({ handlers: ['v'], fallbackHandlers: [['x']] });
  });

  it('that do not exist are told of once, where they are named', () => {
    const more = {
      'agent.yml': 'default_handlers: [z]\n',
      'a/parameters.yml': 'handlers: [w]\n',
      'a/d.yml': files['a/c.yml'],
    };
    expect(handlers(more).found).toEqual([
      "parameters.yml:1:12 warning 'handlers' names the handler 'w', which is not configured and is never called; did you mean 'x'? the handlers are x, y",
      "agent.yml:1:20 warning 'default_handlers' names the handler 'z', which is not configured and is never called; did you mean 'x'? the handlers are x, y",
    ]);
  });
});

describe('a handler', () => {
  it('tells each check by itself, at once and once, unless it says otherwise', () => {
    expect(handler().object).toMatchObject({
      groupBy: [],
      groupWaitMs: 0,
      groupIntervalMs: 0,
      repeatIntervalMs: null,
      quietHours: [],
      events: null,
      escalation: [],
      canaryMs: null,
    });
  });

  it('takes every key of its policy', () => {
    const { object, found } = handler(
      ...[
        'group_by: [pack, team]',
        'group_wait: 10s',
        'repeat_interval: 4h',
        'canary: 1h',
        'events: [downtime, agent]',
      ],
      "quiet_hours: [{from: '22:00', to: '06:00', days: [mon, tue], timezone: Europe/Paris, except: [critical]}, {from: '12:00', to: '13:00', days: sat-sun}]",
      'escalation: [{after: 30m, handlers: [h]}]',
    );
    expect(found).toEqual([]);
    expect(object).toMatchObject({
      groupBy: ['pack', 'team'],
      groupWaitMs: 10_000,
      groupIntervalMs: 300_000,
      repeatIntervalMs: 14_400_000,
      canaryMs: 3_600_000,
      events: ['downtime', 'agent'],
      quietHours: [
        { hours: 'mon,tue 22:00-06:00', timezone: 'Europe/Paris', except: ['critical'] },
        { hours: 'sat-sun 12:00-13:00', timezone: null, except: [] },
      ],
      escalation: [{ afterMs: 1_800_000, handlers: ['h'] }],
    });
  });

  it.each([
    [
      "quiet_hours: [{from: '25:00', to: '06:00'}]",
      "error 'quiet_hours': the hours '25:00-06:00' cannot be used: write days and hours such as 'mon-fri 22:00-06:00'",
    ],
    [
      "quiet_hours: [{from: '22:00', to: '06:00', days: [monday]}]",
      "error 'quiet_hours': the hours 'monday 22:00-06:00' cannot be used: 'monday' is no day; the days are sun, mon, tue, wed, thu, fri, sat",
    ],
    [
      "quiet_hours: [{from: '22:00', to: '06:00', timezone: Paris}]",
      "error 'quiet_hours': there is no time zone 'Paris'; write a name such as 'Europe/Paris' or 'UTC'",
    ],
    ["quiet_hours: [{from: '22:00'}]", "error 'quiet_hours.0' lacks the key 'to'"],
    [
      'group_wait: 10s',
      "warning 'group_wait' has no effect without 'group_by': every check is told by itself, at once",
    ],
    [
      'canary: 10ms',
      `error 'canary' is the text "10ms", expected a duration of at least one second, such as '10s', '5m', '2h' or '1d'`,
    ],
  ])('with %s is told so', (key, message) => {
    const [first = ''] = handler(key).found;
    expect(first.replace(/^h\.yml:3:\d+ /, '')).toBe(message);
  });
});
