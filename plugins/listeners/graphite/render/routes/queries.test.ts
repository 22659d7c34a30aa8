import type { Json, RouteRequest } from 'opsbro/sdk';
import { describe, expect, it } from 'vitest';
import { MemoryReader } from '../memory-reader.ts';
import { answerQuery } from './queries.ts';

const now = 1732870833;
const start = now - (now % 60) - 540;
const minutely = (...values: (number | null)[]) => ({ start, step: 60, values });
const reader = new MemoryReader({
  'web1.cpu.user': minutely(1, 2, null, 4, 5, 6, 7, 8, 9, null),
  'web2.cpu.user': minutely(1, 1, 1, 1, 1, 1, 1, 1, 1, 1),
  'web2.load': minutely(3),
  db: minutely(3),
  'disk;dc=a;host=web1': minutely(5),
  'disk;dc=b;host=web2': minutely(6),
  'cpu;host=web1': minutely(7),
});
let monotonic = 0;
const parts = {
  reader,
  clock: { now: () => now * 1000, monotonic: () => monotonic },
  zone: 'UTC',
  random: () => 0,
};

function ask(route: string, fields: [string, string][] = [], more: Partial<RouteRequest> = {}) {
  const query = Object.fromEntries(fields);
  const { status, body, type } = answerQuery(
    { route, method: 'GET', params: {}, query, body: null, fields, ...more },
    parts,
  );
  return { status, type, body: body instanceof Uint8Array ? new TextDecoder().decode(body) : body };
}

const render = (...fields: [string, string][]) => ask('/render', [['from', '-10min'], ...fields]);
const json = (...fields: [string, string][]) =>
  JSON.parse(render(['format', 'json'], ...fields).body as string) as {
    target: string;
    datapoints: unknown[];
  }[];

describe('/render', () => {
  it('answers several targets as Graphite does', () => {
    const [one, two] = json(['target', 'web1.cpu.user'], ['target', 'alias(web2.cpu.user, "é")']);
    expect(one).toMatchObject({ target: 'web1.cpu.user', tags: { name: 'web1.cpu.user' } });
    expect(one!.datapoints.slice(0, 4)).toEqual([
      [1, start],
      [2, start + 60],
      [null, start + 120],
      [4, start + 180],
    ]);
    expect(two!.target).toBe('é');
  });

  it('takes what is asked from a form, a query, or JSON', () => {
    const body: Json = { target: ['web1.cpu.user', 'web2.cpu.user'], from: '-5min', format: 'json' };
    const answered = ask('/render', [], { method: 'POST', body }).body as string;
    expect(JSON.parse(answered)).toHaveLength(2);
    expect(json(['target[]', 'web*.cpu.user'])).toHaveLength(2);
  });

  it('joins points and leaves out those without value', () => {
    expect(
      json(['target', 'web2.cpu.user'], ['maxDataPoints', '5'])[0]!.datapoints.length,
    ).toBeLessThanOrEqual(5);
    const [series] = json(['target', 'web1.cpu.user'], ['noNullPoints', 'true']);
    expect(series!.datapoints).toHaveLength(8);
    expect(json(['target', 'web1.cpu.user'], ['maxDataPoints', 'x'])[0]!.datapoints).toHaveLength(10);
  });

  it('writes CSV in the zone that is asked for, and no formula', () => {
    const { body, type } = render(
      ['target', 'alias(web2.cpu.user,"=1,2")'],
      ['format', 'csv'],
      ['tz', 'Europe/Paris'],
      ['from', '-2min'],
    );
    expect(type).toBe('text/csv; charset=utf-8');
    expect((body as string).split('\r\n')[0]).toBe(`"'=1,2",2024-11-29 09:59:00,1.0`);
  });

  it('gives templates their values', () => {
    const [series] = json(['target', 'template($h.cpu.user, h="web1")'], ['template[h]', 'web2']);
    expect(series!.target).toBe('web2.cpu.user');
  });

  it.each<[string, [string, string][], string]>([
    [
      'jsonp',
      [
        ['target', 'db'],
        ['jsonp', 'f'],
      ],
      "'jsonp' is not answered",
    ],
    ['a wrong target', [['target', 'scale(db,']], 'a name was expected'],
    ['a wrong time', [['from', 'foo']], "'foo' is no time: 'foo' is no day"],
    ['a time without its sign', [['from', '15min']], '-15min is that long ago'],
    [
      'no time at all',
      [
        ['from', 'now'],
        ['until', 'now'],
      ],
      'the same time',
    ],
    ['a time out of bounds', [['from', '-99y']], 'before 1970'],
    ['a wrong zone', [['tz', 'Mars/Base']], "'Mars/Base' is no time zone"],
    ['a wrong format', [['format', 'png']], "there is no format 'png'"],
    ['a wrong share', [['xFilesFactor', '2']], 'between 0 and 1'],
    [
      'a wrong size',
      [
        ['target', 'db'],
        ['width', '1e9'],
      ],
      "'width' must be between",
    ],
    ['too many targets', Array.from({ length: 501 }, () => ['target', 'db']), 'at most 500 targets'],
    [
      'too many points',
      [
        ['target', 'timeFunction("x",1)'],
        ['from', '-1y'],
      ],
      'too many points',
    ],
  ])('refuses %s', (_, fields, message) => {
    const { status, body } = render(...fields);
    expect(status).toBe(400);
    expect(JSON.stringify(body)).toContain(message);
  });

  it('ends what takes too long', () => {
    const slow = { ...parts, clock: { now: () => now * 1000, monotonic: () => (monotonic += 9000) } };
    const request = { route: '/render', method: 'GET', params: {}, query: { target: 'db' }, body: null };
    expect(JSON.stringify(answerQuery(request, slow).body)).toContain('takes too long');
    monotonic = 0;
  });
});

describe('names', () => {
  it('are found as a tree', () => {
    expect(ask('/metrics/find', [['query', '*']]).body).toEqual([
      { text: 'db', id: 'db', leaf: 1, expandable: 0, allowChildren: 0, context: {} },
      { text: 'web1', id: 'web1', leaf: 0, expandable: 1, allowChildren: 1, context: {} },
      { text: 'web2', id: 'web2', leaf: 0, expandable: 1, allowChildren: 1, context: {} },
    ]);
    expect(ask('/metrics/find', [['query', 'web*.*']]).body).toMatchObject([
      { text: 'cpu', id: 'web*.cpu' },
      { text: 'load', leaf: 1 },
    ]);
    expect(
      ask('/metrics/find', [
        ['query', 'web*'],
        ['wildcards', '1'],
      ]).body,
    ).toMatchObject([{ text: '*', id: '*' }, {}, {}]);
    expect(ask('/metrics/find', [['query', 'nope']]).body).toEqual([]);
  });

  it('are completed', () => {
    expect(
      ask('/metrics/find', [
        ['query', 'web2.'],
        ['format', 'completer'],
      ]).body,
    ).toEqual({
      metrics: [
        { path: 'web2.cpu.', name: 'cpu', is_leaf: '0' },
        { path: 'web2.load', name: 'load', is_leaf: '1' },
      ],
    });
  });

  it('are expanded and listed', () => {
    expect(ask('/metrics/expand', [['query', 'web*']]).body).toEqual({ results: ['web1', 'web2'] });
    expect(
      ask('/metrics/expand', [
        ['query', 'web2.*'],
        ['leavesOnly', '1'],
      ]).body,
    ).toEqual({ results: ['web2.load'] });
    expect(
      ask('/metrics/expand', [
        ['query', 'web1'],
        ['query', 'd*'],
        ['groupByExpr', '1'],
      ]).body,
    ).toEqual({
      results: { web1: ['web1'], 'd*': ['db'] },
    });
    expect(ask('/metrics/index.json').body).toEqual(['db', 'web1.cpu.user', 'web2.cpu.user', 'web2.load']);
    expect(
      ask('/metrics/find', [
        ['query', 'd*'],
        ['format', 'json'],
      ]).body,
    ).toEqual([{ path: 'db', is_leaf: true }]);
  });

  it.each(['/metrics/find', '/metrics/expand'])('%s wants a query', (route) => {
    expect(ask(route).status).toBe(400);
  });
});

describe('tags', () => {
  it('are listed with their values', () => {
    expect(ask('/tags').body).toEqual([{ tag: 'dc' }, { tag: 'host' }, { tag: 'name' }]);
    expect(ask('/tags', [['filter', 'h']]).body).toEqual([{ tag: 'host' }]);
    expect(ask('/tags/:tag', [], { params: { tag: 'host' } }).body).toEqual({
      tag: 'host',
      values: [
        { value: 'web1', count: 2 },
        { value: 'web2', count: 1 },
      ],
    });
    expect(ask('/tags/:tag', [], { params: { tag: 'nope' } }).status).toBe(404);
  });

  it('find series', () => {
    expect(
      ask('/tags/findSeries', [
        ['expr', 'name=disk'],
        ['expr', 'dc=a'],
      ]).body,
    ).toEqual(['disk;dc=a;host=web1']);
    expect(ask('/tags/findSeries').status).toBe(400);
  });

  it('are completed', () => {
    expect(ask('/tags/autoComplete/tags', [['expr', 'host=web1']]).body).toEqual(['dc', 'name']);
    expect(ask('/tags/autoComplete/tags', [['tagPrefix', 'd']]).body).toEqual(['dc']);
    expect(
      ask('/tags/autoComplete/values', [
        ['tag', 'host'],
        ['expr', 'dc=b'],
      ]).body,
    ).toEqual(['web2']);
    expect(
      ask('/tags/autoComplete/values', [
        ['tag', 'host'],
        ['limit', '1'],
      ]).body,
    ).toEqual(['web1']);
    expect(ask('/tags/autoComplete/values').status).toBe(400);
  });
});

it('describes its functions', () => {
  const all = ask('/functions').body as {
    [name: string]: { group: string; params: unknown[]; function: string };
  };
  expect(all.sum).toMatchObject({ name: 'sum', group: 'Combine', function: 'sum(*seriesLists)' });
  expect(all.scale!.params).toEqual([
    { name: 'seriesList', type: 'seriesList', required: true },
    { name: 'factor', type: 'float', required: true },
  ]);
  expect(Object.keys(ask('/functions', [['grouped', '1']]).body as object)).toContain('Filter Series');
  expect(ask('/functions/:name', [], { params: { name: 'pct' } }).body).toMatchObject({ name: 'pct' });
  expect(ask('/functions/:name', [], { params: { name: 'constructor' } }).status).toBe(404);
});

it('answers what Grafana asks beside', () => {
  expect(ask('/version').body).toBe('1.1.8');
  expect(ask('/events/get_data').body).toEqual([]);
  expect(ask('/nope').status).toBe(404);
});
