import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExpressionEngine } from '../../language/engine/engine.ts';
import { callForReal, factsOf, loadShipped, manifests, startEngine } from './shipped-config.ts';

const { configuration } = loadShipped();
const signatures = manifests('functions').flatMap(({ manifest }) => Object.entries(manifest.functions ?? {}));
const examples = signatures.flatMap(([name, { aliases = [], example }]) =>
  example === undefined
    ? []
    : [name, ...aliases].map((spelling): [string, unknown] => [
        example.expression.replaceAll(new RegExp(`\\b${name}\\(`, 'g'), `${spelling}(`),
        example.result,
      ]),
);
let engine: ExpressionEngine;

beforeAll(() => {
  engine = startEngine(callForReal);
});

afterAll(() => engine.stop());

it('has an example for every function', () => {
  expect(signatures.filter(([, { example }]) => example === undefined).map(([name]) => name)).toEqual([]);
});

it('has no two functions of one name', () => {
  const names = signatures.flatMap(([name, { aliases = [] }]) => [name, ...aliases]);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

describe('in the real engine, host functions called on this host', () => {
  it.each(examples)('%s comes to what its manifest says', async (expression, result) => {
    const { program } = configuration.compile(expression, 'opsbro');
    engine.put([program]);
    const [outcome] = await engine.evaluate([program.id], factsOf({}));
    expect(outcome).toMatchObject(
      result === undefined ? { kind: 'value' } : { kind: 'value', value: result },
    );
  });
});

it('knows the functions of every earlier version', () => {
  const known = new Set(signatures.flatMap(([name, { aliases = [] }]) => [name, ...aliases]));
  const earlier = `abs min max sum sorted len set list file_exists fileexists grep_file grep path_dirname is_dir is_link
    is_plain_file file_hash_match ip_is_in_range ip_in_range check_tcp ip_to_host host_to_ip has_package system_get_os get_os
    system_is_python_2 system_is_python_3 system_user_exists user_exists system_userid_from_username
    system_username_from_userid system_group_exists group_exists system_groupid_from_groupname
    system_groupname_from_groupid get_env parse_json_file colorize is_in_group have_group is_in_static_group
    gossip_get_zone gossip_count_nodes gossip_have_event_type compliance_get_state_of_rule hosting_driver_is_active now
    random randomint_between shuffle hash string_upper string_lower string_split string_join get_donut
    get_horizontal_bar set_difference set_intersection reverse`;
  expect(earlier.split(/\s+/).filter((name) => !known.has(name))).toEqual([]);
});
