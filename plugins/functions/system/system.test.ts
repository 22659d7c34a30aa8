import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import type { FunctionContext, Json, Manifest } from 'opsbro/sdk';
import { complianceSuite, fixtureContext, hostContext } from 'opsbro/sdk/testing';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseAccounts } from './accounts.ts';
import system from './index.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;
const files = {
  '/etc/passwd':
    '+@nis::::::\nroot:x:0:0:root:/root:/bin/bash\nbroken\nweb:x:1001:1002::/srv:/bin/sh\n42:x:7:7::/:\n',
  '/etc/group': 'root:x:0:\nwww:x:1002:web\n',
};
const call = async (
  name: string,
  args: Json[],
  ctx: FunctionContext = fixtureContext({ files }),
): Promise<Json> => {
  const implementation = system.functions[name];
  if (implementation === undefined) throw new Error(`no function ${name}`);
  return implementation(ctx, ...args);
};

for (const test of complianceSuite('functions', folder, system, manifest)) it(test.name, test.run);

it('implements exactly the functions of its manifest', () => {
  expect(Object.keys(system.functions)).toEqual(Object.keys(manifest.functions ?? {}));
});

it.each([
  ['system_get_os', 'get_os'],
  ['system_user_exists', 'user_exists'],
  ['system_group_exists', 'group_exists'],
])('keeps the old name of %s, %s', (name, alias) => {
  expect(manifest.functions?.[name]?.aliases).toContain(alias);
});

it.each([
  ['system_user_exists', ['web'], true],
  ['system_user_exists', [1001], true],
  ['system_user_exists', ['1001'], true],
  ['system_user_exists', ['nobody'], false],
  ['system_user_exists', ['broken'], false],
  ['system_userid_from_username', ['web'], 1001],
  ['system_userid_from_username', ['root'], 0],
  ['system_userid_from_username', ['nobody'], null],
  ['system_username_from_userid', [1001], 'web'],
  ['system_username_from_userid', ['0'], 'root'],
  ['system_username_from_userid', [5], null],
  ['system_group_exists', ['www'], true],
  ['system_group_exists', [1003], false],
  ['system_groupid_from_groupname', ['www'], 1002],
  ['system_groupname_from_groupid', [1002], 'www'],
  ['system_groupname_from_groupid', [1003], null],
  ['system_is_python_2', [], false],
  ['system_is_python_3', [], false],
])('answers %s%j with %j', async (name, args, expected) => {
  expect(await call(name, args)).toBe(expected);
});

it('agrees with this host', async () => {
  const { uid, username } = userInfo();
  expect(await call('system_username_from_userid', [uid], hostContext())).toBe(username);
  expect(await call('system_get_os', [], hostContext())).toBe(process.platform);
});

it('reads the environment of the agent', async () => {
  const ctx = fixtureContext({ env: { OPSBRO_COLOUR: 'blue' } });
  expect(await call('get_env', ['OPSBRO_COLOUR'], ctx)).toBe('blue');
  expect(await call('get_env', ['OPSBRO_NONE'], ctx)).toBe('');
});

it('fails for a wrong type and for an unreadable file', async () => {
  await expect(call('system_userid_from_username', [7])).rejects.toThrow('the name must be a string');
  await expect(call('system_username_from_userid', ['web'])).rejects.toThrow('the id must be a number');
  await expect(call('system_user_exists', ['web'], fixtureContext())).rejects.toMatchObject({
    code: 'OPSBRO_HOST_NOT_FOUND',
  });
});

it('parses names and numbers, and leaves NIS entries out', () => {
  expect(parseAccounts(files['/etc/passwd']).map(({ name }) => name)).toEqual(['root', 'web', '42']);
});
