import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Workplace } from './workplace.ts';

const values = (...all: (number | null)[]): [number | null, number][] =>
  all.map((value, index) => [value, 1_700_000_000 + index * 60]);
const load = { target: 'web.load', datapoints: values(1, 2, null, 4) };
const odd = { target: 'web.a,b', datapoints: values(3) };
const expand = (pattern: string): string =>
  `/metrics/expand?${new URLSearchParams({ leavesOnly: '1', query: pattern })}`;
const tagged = '/tags/findSeries?expr=name%3D~.';
const refusal = (message: string) => ({ error: { code: 'OPSBRO_API_INVALID', message } });

interface Asked {
  target: string[];
  from: string;
  until: string;
  format: string;
  maxDataPoints?: number;
}

/**
 * What the store answers: the series of each target it knows, and with `joined` those of the same target where points are joined by their lowest,
 * highest or last. What it does not know it refuses, as it does a time that is none.
 */
function store(
  known: { [target: string]: object[] },
  joined: { [how: string]: { [target: string]: object[] } } = {},
): { asked: Asked[]; 'POST /render': (asked: Asked) => unknown } {
  const asked: Asked[] = [];
  const answer = (question: Asked): unknown => {
    asked.push(question);
    if (question.from === 'soon') return refusal("'soon' is no time: 'soon' is no day");
    const found = question.target.map((target) => {
      const [, inner, how] = /^consolidateBy\((.*),'(\w+)'\)$/.exec(target) ?? [];
      return inner === undefined ? known[target] : (joined[how!]?.[inner] ?? known[inner]);
    });
    return found.includes(undefined) ? refusal('no target') : found.flat();
  };
  return { asked, 'POST /render': answer };
}

let place: Workplace;
beforeEach(() => {
  place = new Workplace();
});
afterEach(() => place.dispose());

describe('metrics list', () => {
  const answers = {
    [expand('web.l*')]: { results: ['web.load'] },
    [expand('web.*b')]: { results: ['web.a,b', 'web.load'] },
    // The grammar of targets cannot speak of the second one.
    ...store({ 'web.load': [load] }),
  };

  it('shows how the series of several patterns went, each once', async () => {
    await place.agent(answers);
    const { code, out, err } = await place.opsbro(['metrics', 'list', 'web.l*', 'web.*b']);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatchInlineSnapshot(`
      "SERIES    VALUES  MIN  MAX  LAST
      web.load  ▁▃ █      1    4     4
      web.a,b             -    -     -
      "
    `);
    expect((await place.opsbro(['metrics', 'list', 'web.l*', 'web.*b', '--csv'])).out).toBe(
      'name,min,max,mean,last\nweb.load,1,4,2.3333333333333335,4\n"web.a,b",,,,\n',
    );
    expect(JSON.parse((await place.opsbro(['metrics', 'list', 'web.l*', 'web.*b', '--json'])).out)).toEqual([
      { name: 'web.load', min: 1, max: 4, mean: 7 / 3, last: 4 },
      { name: 'web.a,b', min: null, max: null, mean: null, last: null },
    ]);
  });

  it('tells the lowest, the highest and the last of all points, not of those that were joined', async () => {
    const joined = {
      min: { 'web.load': [{ ...load, datapoints: values(0.5, 1) }] },
      max: { 'web.load': [{ ...load, datapoints: values(90, 3) }] },
      last: { 'web.load': [{ ...load, datapoints: values(2, 7) }] },
    };
    const { asked, ...answers } = store({ 'web.load': [load] }, joined);
    await place.agent({ '/metrics/index.json': ['web.load'], [tagged]: [], ...answers });
    expect(JSON.parse((await place.opsbro(['metrics', 'list', '--json'])).out)).toEqual([
      { name: 'web.load', min: 0.5, max: 90, mean: 7 / 3, last: 7 },
    ]);
    expect(asked).toMatchObject([{ from: '-1h', until: 'now', format: 'json', maxDataPoints: 60 }]);
    expect((await place.opsbro(['metrics', 'list'])).out).toContain('0.5   90     7\n');
    const { out } = await place.opsbro(['metrics', 'show', 'web.load']);
    expect(out).toContain(
      'UTC; last 7, mean 2.333\n   drawn are means: the lowest was 0.5, the highest 90\n',
    );
  });

  it('says what is wrong with a time rather than that there are no values', async () => {
    const message = "'soon' is no time: 'soon' is no day";
    await place.agent({
      '/metrics/index.json': ['web.load'],
      [tagged]: [],
      ...store({ 'web.load': [load] }),
    });
    const { code, out, err } = await place.opsbro(['metrics', 'list', '--from', 'soon']);
    expect([code, out, err]).toEqual([1, '', `opsbro: ${message}\n`]);
  });

  it('prints the names alone of more series than anybody looks at', async () => {
    const names = Array.from({ length: 2001 }, (_, index) => `web.s${index}`);
    await place.agent({ '/metrics/index.json': names, [tagged]: ['disk;host=a'] });
    const { out, err } = await place.opsbro(['metrics', 'list']);
    expect(out).toBe(`${names.join('\n')}\ndisk;host=a\n`);
    expect(err).toContain('2002 series; a pattern that finds at most 2000 shows how they went');
    expect((await place.opsbro(['metrics', 'list', '--names'])).err).toBe('');
  });

  it('lists series by their tags, and one with tags by its name', async () => {
    const found = { target: 'disk;host=a', datapoints: values(1, 2) };
    await place.agent(store({ "seriesByTag('host=a')": [found], 'disk;host=a': [found] }));
    for (const pattern of ["seriesByTag('host=a')", 'disk;host=a'])
      expect((await place.opsbro(['metrics', 'list', pattern])).out).toMatch(/^disk;host=a +▁█ +1 +2 +2$/m);
  });

  it.each([
    [
      'web.x',
      "1 series has 'web.x' in the name, such as 'web.x.y'; a pattern has every step of a name: 'web.*.*'",
    ],
    [
      'load*',
      "1 series has 'load' in the name, such as 'db.load'; a pattern has every step of a name: 'db.*'",
    ],
    [
      'disk',
      "2 series have 'disk' in the name, such as 'disk;host=a'; \"seriesByTag('name=disk')\" finds those with tags",
    ],
    ['*', "'opsbro metrics list' shows what there is"],
  ])('says what was meant by %s', async (pattern, hint) => {
    await place.agent({
      [expand(pattern)]: { results: [] },
      '/metrics/index.json': ['web.x.y', 'db.load'],
      [tagged]: ['disk;host=a', 'disk;host=b'],
    });
    const { code, out, err } = await place.opsbro(['metrics', 'list', pattern]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toBe(`opsbro: no series is called '${pattern}'; ${hint}\n`);
  });

  it('says how to keep a history where there is none', async () => {
    await place.agent({});
    const { code, out, err } = await place.opsbro(['metrics', 'list', 'web.x']);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain("'store: { enabled: true }' in agent.yml starts it");
  });
});

describe('metrics show', () => {
  it('draws each series of several patterns', async () => {
    await place.agent({
      ...store({ 'web.load': [load], 'web.*b': [odd, { target: 'none', datapoints: values(null) }] }),
    });
    const { out } = await place.opsbro(['metrics', 'show', 'web.load', 'web.*b']);
    expect(out).toMatchInlineSnapshot(`
      "web.load
      4  ⠀⠈
         ⠀⠀
         ⠀⠀
         ⠀⠀
         ⠀⠀
         ⢰⠀
         ⢸⠀
      1  ⡸⠀
         2023-11-14 22:13 to 2023-11-14 22:16 UTC; last 4, mean 2.333

      web.a,b
      3  ⠀
         ⠀
         ⠀
         ⠀
         ⠀
         ⠀
         ⠀
      3  ⡀
         2023-11-14 22:13 to 2023-11-14 22:13 UTC; last 3, mean 3

      none
      no value in this time
      "
    `);
  });

  it('needs no more than ASCII on a terminal that knows nothing else', async () => {
    const rising = {
      target: 'web.load',
      datapoints: values(...Array.from({ length: 40 }, (_, index) => index)),
    };
    place.env.TERM = 'dumb';
    await place.agent({
      '/metrics/index.json': ['web.load'],
      [tagged]: [],
      ...store({ 'web.load': [rising] }),
    });
    const { out } = await place.opsbro(['metrics', 'show', 'web.load']);
    expect(out).toMatchInlineSnapshot(`
      "web.load
      39                   ..'
                         .:'  
                      ..'     
                    .:'       
                 .:'          
               .''            
            .:'               
       0  .''                 
          2023-11-14 22:13 to 2023-11-14 22:52 UTC; last 39, mean 19.5
      "
    `);
    expect((await place.opsbro(['metrics', 'list'])).out).toMatchInlineSnapshot(`
      "SERIES    VALUES                                    MIN  MAX  LAST
      web.load  _____.....-----=====+++++*****%%%%%#####    0   39    39
      "
    `);
  });

  it('draws what none of its functions can be put around', async () => {
    const known: { [target: string]: object[] } = { odd: [load] };
    await place.agent({
      'POST /render': ({ target }: Asked) =>
        target.length === 1 ? (known[target[0]!] ?? refusal(`no ${target[0]}`)) : refusal('too much'),
    });
    expect((await place.opsbro(['metrics', 'show', 'odd'])).out).toContain('last 4, mean 2.333');
    expect((await place.opsbro(['metrics', 'show', 'none'])).err).toBe('opsbro: no none\n');
  });

  it('makes a table of many', async () => {
    const many = Array.from({ length: 9 }, (_, index) => ({ ...load, target: `web${index}.load` }));
    await place.agent({ ...store({ '*': many }) });
    expect((await place.opsbro(['metrics', 'show', '*'])).out.split('\n')).toHaveLength(11);
  });

  it('prints every value with --csv', async () => {
    const { asked, ...answers } = store({ 'web.load': [load], 'web.*b': [odd] });
    await place.agent(answers);
    expect(
      (await place.opsbro(['metrics', 'show', 'web.load', 'web.*b', '--csv'])).out,
    ).toMatchInlineSnapshot(`
      "web.load,2023-11-14T22:13:20.000Z,1
      web.load,2023-11-14T22:14:20.000Z,2
      web.load,2023-11-14T22:15:20.000Z,
      web.load,2023-11-14T22:16:20.000Z,4
      "web.a,b",2023-11-14T22:13:20.000Z,3
      "
    `);
    expect(asked.map(({ target, maxDataPoints }) => [target, maxDataPoints])).toEqual([
      [['web.load'], undefined],
      [['web.*b'], undefined],
    ]);
  });
});
