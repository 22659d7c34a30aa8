import type { Json } from 'opsbro/sdk';
import { afterAll, expect, test } from 'vitest';
import { evaluated, factsOf, outcomes, shippedFunctions, startEngine } from './fixture.ts';

const engine = startEngine();
afterAll(() => engine.stop());

const guests = [...shippedFunctions].filter(([, { runs }]) => runs === 'guest');

test.each(guests.map(([name, { signature }]) => [name, signature] as const))(
  'runs the example of %s',
  async (name, { example, aliases }) => {
    expect(example).toBeDefined();
    const expression = (example?.expression ?? '').replace(/^\w+(?=\()/, (own) =>
      aliases?.includes(name) ? name : own,
    );
    const value = await evaluated(engine, expression);
    if (example?.result !== undefined) expect(value).toEqual(example.result);
  },
);

test('keeps every name of the old programs', () => {
  const old =
    'abs min max sum sorted len set list file_exists grep_file path_dirname is_dir is_link is_plain_file file_hash_match ' +
    'ip_is_in_range check_tcp ip_to_host host_to_ip has_package system_get_os system_is_python_2 system_is_python_3 ' +
    'system_user_exists system_userid_from_username system_username_from_userid system_group_exists ' +
    'system_groupid_from_groupname system_groupname_from_groupid get_env parse_json_file colorize is_in_group ' +
    'is_in_static_group gossip_get_zone gossip_count_nodes gossip_have_event_type compliance_get_state_of_rule ' +
    'hosting_driver_is_active now random randomint_between shuffle hash string_upper string_lower string_split string_join ' +
    'get_donut get_horizontal_bar set_difference set_intersection reverse get_os have_group user_exists group_exists grep ' +
    'fileexists ip_in_range';
  expect(old.split(' ').filter((name) => !shippedFunctions.has(name))).toEqual([]);
});

test.each([
  ["file_exist('/x')", 'file_exists'],
  ["string_uper('a')", 'string_upper'],
  ["upper('a')", 'string_upper'],
  ["exists('/x')", 'file_exists'],
])('proposes for %s the function %s', async (expression, name) => {
  const [outcome] = await outcomes(engine, [expression]);
  expect(outcome).toMatchObject({
    kind: 'error',
    error: {
      code: 'OPSBRO_EXPRESSION_UNKNOWN_FUNCTION',
      message: expect.stringContaining(`did you mean '${name}'?`),
    },
  });
});

test.each<[string, Json]>([
  ["string_upper('é')", 'É'],
  ["string_split('a::b', '::')", ['a', 'b']],
  ["string_join(('a', 'b'), '-')", 'a-b'],
  ['set_difference([3, 1, 3, 2], (2,))', [3, 1]],
  ["set_intersection('abc', 'cb')", ['b', 'c']],
  ["reverse(['a', 'b'])", ['b', 'a']],
  ["reverse('ab')", ['b', 'a']],
  ['get_horizontal_bar(0, width=3)', '░░░'],
  ['get_horizontal_bar(1, 3)', '███'],
  ['get_horizontal_bar(50, 4)', '██░░'],
  ['get_horizontal_bar(0.3125, 4)', '█▎░░'],
  ['len(get_horizontal_bar(0.2))', 80],
  ["get_donut(0).count('█')", 0],
  ["get_donut(100).count('░')", 0],
  ["0 < get_donut(30).count('█') < get_donut(70).count('█')", true],
  ["len(get_donut(30, lines=4).split('\\n'))", 4],
  ["get_donut(100, 3, color=2).count('\\x1b[38;5;2m')", 4],
  ['get_horizontal_bar(0.5, 4, color=9)', '\x1b[38;5;9m██\x1b[0m░░'],
  ["colorize('x', 3) == '\\x1b[38;5;3mx\\x1b[0m'", true],
  ['now()', 1_700_000_000],
  ['random() == random()', false],
  ['[0 <= x < 1 for x in [random(), random(), random()]]', [true, true, true]],
  ['randomint_between(4, 4)', 4],
  ["is_in_group('linux') and have_group('web') and not is_in_group('windows')", true],
  ["is_in_static_group('linux')", false],
  ['gossip_get_zone()', 'internet'],
])('%s is %j', async (expression, expected) => {
  expect(await evaluated(engine, expression)).toEqual(expected);
});

test('draws the same random numbers in one tick, other ones in the next, and all of a range', async () => {
  const drawn = await outcomes(engine, ['random()', 'random()', 'shuffle([1, 2, 3, 4, 5, 6])']);
  expect(drawn[0]).toEqual(drawn[1]);
  const [again] = await outcomes(engine, ['random()']);
  expect(again).toEqual(drawn[0]);
  const [next] = await outcomes(engine, ['random()'], factsOf({}, { seed: 8 }));
  expect(next).not.toEqual(drawn[0]);
  const seen = new Set<Json>();
  for (let seed = 0; seed < 60; seed += 1)
    seen.add(await evaluated(engine, 'randomint_between(1, 6)', factsOf({}, { seed })));
  expect([...seen].sort()).toEqual([1, 2, 3, 4, 5, 6]);
});

test.each([
  ['string_upper(1)', 'OPSBRO_EXPRESSION_TYPE'],
  ["string_split('a', '')", 'OPSBRO_EXPRESSION_VALUE'],
  ["string_join(['x' * 4000] * 400, ',')", 'OPSBRO_EXPRESSION_LIMIT'],
  ['get_horizontal_bar(1, 100000)', 'OPSBRO_EXPRESSION_VALUE'],
  ['get_donut(1, lines=2)', 'OPSBRO_EXPRESSION_VALUE'],
  ['get_donut(1, color=65)', 'OPSBRO_EXPRESSION_VALUE'],
  ["colorize('x', 65)", 'OPSBRO_EXPRESSION_VALUE'],
  ['randomint_between(2, 1)', 'OPSBRO_EXPRESSION_VALUE'],
  ['range(1000000)', 'OPSBRO_EXPRESSION_LIMIT'],
  ['min([])', 'OPSBRO_EXPRESSION_VALUE'],
  ['set([[1]])', 'OPSBRO_EXPRESSION_TYPE'],
  ["int('x')", 'OPSBRO_EXPRESSION_VALUE'],
])('%s ends with %s', async (expression, code) => {
  const [outcome] = await outcomes(engine, [expression]);
  expect(outcome).toMatchObject({ kind: 'error', error: { code } });
});
