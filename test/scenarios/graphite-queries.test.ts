import { connect } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { configWithPlugins } from './fixture-plugins.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

let agent: RealAgent | undefined;

afterEach(() => agent?.dispose());

it("answers what Grafana's Graphite data source asks, over HTTP", async () => {
  agent = await startRealAgent({ config: await configWithPlugins([]) });
  const { write, until, output } = agent;
  write('graphite.yml', 'graphite: {enabled: true, port: 0}\n');
  write('http.yml', 'http: {port: 0}\n');
  const said = (expression: RegExp) => async () => expression.exec(output())?.[1];
  const port = await until('the port of lines', said(/takes lines on tcp [^" ]+:(\d+)/), 150_000);
  const url = await until('the port of HTTP', said(/listens on (http:\/\/[^"]+)/), 150_000);
  const at = Math.floor(Date.now() / 1000) - 20;
  const lines = Array.from({ length: 3 }, (_, index) => `web${index}.load ${index} ${at}\n`).join('');
  const socket = connect(Number(port), '127.0.0.1', () =>
    socket.end(`${lines}disk;host=a 7 ${at}\n`),
  ).resume();

  const post = async (path: string, fields: [string, string][]): Promise<Response> =>
    fetch(`${url}${path}`, { method: 'POST', body: new URLSearchParams(fields) });
  const render = async (...fields: [string, string][]): Promise<Response> =>
    post('/render', [['from', '-10min'], ['until', 'now'], ...fields]);
  const list = await until('points', async () => {
    const found = await render(
      ['target', 'web*.load'],
      ['target', 'sumSeries(web*.load)'],
      ['format', 'json'],
      ['maxDataPoints', '500'],
    );
    const series = found.ok
      ? ((await found.json()) as { target: string; datapoints: [number | null][] }[])
      : [];
    return series.length === 4 && series;
  });
  expect(list.map(({ target }) => target)).toEqual([
    'web0.load',
    'web1.load',
    'web2.load',
    'sumSeries(web*.load)',
  ]);
  expect(list[3]!.datapoints.map(([value]) => value).filter((value) => value !== null)).toEqual([3]);

  const svg = await render(['target', 'alias(web1.load,"<script>")']);
  expect([svg.status, svg.headers.get('content-type')]).toEqual([200, 'image/svg+xml']);
  expect(await svg.text()).toContain('&lt;script&gt;');
  expect((await render(['target', 'nope(web1.load)'])).status).toBe(400);

  await asksOfGrafana(url, at);

  const json = async (path: string): Promise<unknown> => (await fetch(`${url}${path}`)).json();
  expect(await (await post('/metrics/find', [['query', 'web1.*']])).json()).toMatchObject([
    { id: 'web1.load', leaf: 1 },
  ]);
  expect(await json('/metrics/expand?query=web*')).toEqual({ results: ['web0', 'web1', 'web2'] });
  expect(await json('/tags/autoComplete/tags?expr=name%3Ddisk&limit=100')).toEqual(['host']);
  expect(await json('/tags/autoComplete/values?expr=name%3Ddisk&tag=host')).toEqual(['a']);
  expect(await json('/tags/host')).toMatchObject({ tag: 'host', values: [{ value: 'a', count: 1 }] });
  expect(Object.keys((await json('/functions')) as object).length).toBeGreaterThan(100);
  expect(await json('/events/get_data?from=-1h&until=now&tags=x')).toEqual([]);
  expect(await (await fetch(`${url}/version`)).text()).toBe('1.1.8');
  for (const path of ['/render', '/render/'])
    expect(await (await fetch(`${url}${path}?target=web1.load&from=-10min&format=raw`)).text()).toMatch(
      /^web1\.load,\d+,\d+,10\|/,
    );
});

/** What Grafana's data source sends, as its own code makes it, and what it reads of the answers. */
async function asksOfGrafana(url: string, at: number): Promise<void> {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const ask = async (method: string, path: string, body?: string): Promise<unknown> => {
    const response = await fetch(`${url}${path}`, {
      method,
      ...(body !== undefined && { headers: form, body }),
    });
    expect([path, response.status, response.headers.get('content-type')]).toMatchObject([
      path,
      200,
      expect.stringContaining('application/json'),
    ]);
    return response.json();
  };
  const range = `from=${at - 3600}&until=${at + 60}`;
  const health = `format=json&${range}&maxDataPoints=100&target=constantLine%28100%29`;
  expect(await ask('POST', '/render', health)).toMatchObject([
    {
      target: '100.0',
      tags: { name: '100.0' },
      datapoints: [
        [100, at - 3600],
        [100, expect.any(Number)],
        [100, at + 60],
      ],
    },
  ]);
  const annotation = "target=alias(web1.load%2C'deploy')&from=-1h&until=now&format=json&maxDataPoints=100";
  expect(await ask('POST', '/render', annotation)).toMatchObject([{ target: 'deploy' }]);
  const web1 = [{ text: 'web1', id: 'web1', leaf: 0, expandable: 1, allowChildren: 1 }];
  expect(await ask('POST', `/metrics/find?${range}`, 'query=web1')).toMatchObject(web1);
  expect(await ask('GET', `/metrics/find?query=web1&${range}`)).toMatchObject(web1);
  expect(await ask('GET', `/metrics/expand?query=web1.*&${range}`)).toEqual({ results: ['web1.load'] });
  expect(await ask('GET', `/tags?${range}`)).toEqual([{ tag: 'host' }, { tag: 'name' }]);
  const expressions = `expr=name%3Ddisk&expr=host%21%3Db&limit=10000&${range}`;
  expect(await ask('GET', `/tags/autoComplete/tags?${expressions}&tagPrefix=h`)).toEqual([]);
  expect(await ask('POST', '/tags/autoComplete/tags', `expr=name%3Ddisk&${range}`)).toEqual(['host']);
  expect(await ask('GET', `/tags/autoComplete/values?${expressions}&tag=host&valuePrefix=a`)).toEqual(['a']);
  expect(await ask('POST', '/tags/autoComplete/values', `${expressions}&tag=host`)).toEqual(['a']);
  expect(await ask('GET', `/events/get_data?${range}&tags=deploy%20web`)).toEqual([]);
  const functions = (await ask('GET', '/functions')) as {
    [name: string]: { params: unknown[]; group: string };
  };
  expect(functions.movingAverage).toMatchObject({
    group: 'Calculate',
    params: [{ name: 'seriesList' }, {}, {}],
  });
}
