import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Workplace } from './workplace.ts';

const values = (...all: (number | null)[]): [number | null, number][] =>
  all.map((value, index) => [value, 1_700_000_000 + index * 60]);
const load = { target: 'web.load', datapoints: values(1, 2, null, 4) };
const odd = { target: 'web.a,b', datapoints: values(3) };
const queries = {
  both: '/metrics/expand?leavesOnly=1&groupByExpr=1&query=web.l*&query=web.*b',
  show: '/render?from=-1h&until=now&format=json&target=',
};

let place: Workplace;
beforeEach(() => {
  place = new Workplace();
});
afterEach(() => place.dispose());

describe('metrics list', () => {
  const list = '/render?from=-1h&until=now&format=json&';
  const refusal = { error: { code: 'OPSBRO_API_INVALID', message: 'no target' } };
  const answers = {
    [queries.both]: { results: { 'web.l*': ['web.load'], 'web.*b': ['web.a,b', 'web.load'] } },
    // The grammar of targets cannot speak of the second one.
    [`${list}target=web.load&target=web.a%2Cb&maxDataPoints=60`]: refusal,
    '/render?from=-1h&until=now&format=json': [],
    [`${list}target=web.load&maxDataPoints=60`]: [load],
    [`${list}target=web.a%2Cb&maxDataPoints=60`]: refusal,
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

  it('says what is wrong with a time rather than that there are no values', async () => {
    const message = "'soon' is no time: 'soon' is no day";
    const wrong = { error: { code: 'OPSBRO_API_INVALID', message } };
    const query = '/render?from=soon&until=now&format=json';
    await place.agent({
      '/metrics/index.json': ['web.load'],
      [`${query}&target=web.load&maxDataPoints=60`]: wrong,
      [query]: wrong,
    });
    const { code, out, err } = await place.opsbro(['metrics', 'list', '--from', 'soon']);
    expect([code, out, err]).toEqual([1, '', `opsbro: ${message}\n`]);
  });

  it('prints the names alone of more series than anybody looks at', async () => {
    const names = Array.from({ length: 2001 }, (_, index) => `web.s${index}`);
    await place.agent({ '/metrics/index.json': names });
    const { out, err } = await place.opsbro(['metrics', 'list']);
    expect(out).toBe(`${names.join('\n')}\n`);
    expect(err).toContain('2001 series; a pattern that finds at most 2000 shows how they went');
    expect((await place.opsbro(['metrics', 'list', '--names'])).err).toBe('');
  });

  it.each([
    [
      {
        '/metrics/expand?leavesOnly=1&groupByExpr=1&query=web.x': { results: { 'web.x': [] } },
        '/metrics/index.json': ['web.x.y', 'db.load'],
      },
      "no series is called 'web.x'; 1 series has it in the name, such as 'web.x.y'; a pattern has every step of a name: 'web.*.*'",
    ],
    [{}, "'store: { enabled: true }' in agent.yml starts it"],
  ])('says what is wrong', async (known, message) => {
    await place.agent(known);
    const { code, out, err } = await place.opsbro(['metrics', 'list', 'web.x']);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
  });
});

describe('metrics show', () => {
  it('draws each series of several patterns', async () => {
    await place.agent({
      [`${queries.show}web.load&maxDataPoints=160`]: [load],
      [`${queries.show}web.*b&maxDataPoints=160`]: [odd, { target: 'none', datapoints: values(null) }],
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
      [`${queries.show}web.load&maxDataPoints=160`]: [rising],
      '/metrics/index.json': ['web.load'],
      '/render?from=-1h&until=now&format=json&target=web.load&maxDataPoints=60': [rising],
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

  it('makes a table of many', async () => {
    const many = Array.from({ length: 9 }, (_, index) => ({ ...load, target: `web${index}.load` }));
    await place.agent({ [`${queries.show}*&maxDataPoints=160`]: many });
    expect((await place.opsbro(['metrics', 'show', '*'])).out.split('\n')).toHaveLength(11);
  });

  it('prints every value with --csv', async () => {
    await place.agent({ [`${queries.show}web.load`]: [load], [`${queries.show}web.*b`]: [odd] });
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
  });
});
