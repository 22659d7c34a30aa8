import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { candidates } from '../../cli/complete.ts';
import { createCliContext } from '../../cli/context.ts';
import { snapshot } from './cluster.ts';
import { Workplace } from './workplace.ts';

let place: Workplace;

beforeEach(() => {
  place = new Workplace();
});

afterEach(() => place.dispose());

const members = '/api/v1/gossip/members';
const zones = '/api/v1/gossip/zones';
const zone = (name: string, changes = {}) => ({
  name,
  parent: null,
  own: false,
  seen: true,
  unreachable: false,
  nodes: 0,
  alive: 0,
  key: false,
  ...changes,
});
const known = {
  zones: [
    zone('dmz', { parent: 'lan', unreachable: true, nodes: 1 }),
    zone('lan', { own: true, nodes: 3, alive: 2, key: true }),
    zone('side', { seen: false }),
  ],
};
const keyring = '/api/v1/gossip/keyring';
const withKey = { keys: [{ id: '0a0b0c0d', active: true }] };

describe('opsbro gossip keyring', () => {
  it('lists and changes keys, those of a file too', async () => {
    const sent: unknown[] = [];
    const answer = { keys: [...withKey.keys, { id: '11223344', active: false }] };
    await place.agent({
      [`GET ${keyring}`]: answer,
      [`POST ${keyring}`]: (body: { key: string }) => {
        sent.push(body);
        return body.key === 'bad' ? { error: { code: 'OPSBRO_API_INVALID', message: 'no key' } } : answer;
      },
    });
    const { out } = await place.opsbro(['gossip', 'keyring', 'list']);
    expect(out).toMatch(/0a0b0c0d +seals and opens\n11223344 +opens\n/);
    const file = join(place.folder, 'new.key');
    writeFileSync(file, 'AAAA\n');
    expect((await place.opsbro(['gossip', 'keyring', 'install', '--file', file])).code).toBe(0);
    expect((await place.opsbro(['gossip', 'keyring', 'use', '11223344'])).code).toBe(0);
    expect((await place.opsbro(['gossip', 'keyring', 'remove', 'bad'])).code).toBe(2);
    expect((await place.opsbro(['gossip', 'keyring', 'use'])).code).toBe(2);
    expect((await place.opsbro(['gossip', 'keyring', 'use', '--file', `${file}x`])).code).toBe(2);
    expect(sent).toEqual([
      { do: 'install', key: 'AAAA' },
      { do: 'use', key: '11223344' },
      { do: 'remove', key: 'bad' },
    ]);
  });
});

describe('opsbro gossip zone', () => {
  const file = (zone: string): string => join(place.folder, 'data', 'zone_keys', `${zone}.gossip.key`);

  it('lists zones, and refuses to move into an unknown one', async () => {
    await place.agent({ [zones]: known });
    const { out } = await place.opsbro(['gossip', 'zone', 'list']);
    expect(out).toMatch(
      /dmz +lan +1 +0 +no +unreachable\nlan +- +3 +2 +yes +own\nside +- +0 +0 +no +not seen\n/,
    );
    const unknown = await place.opsbro(['gossip', 'zone', 'change', 'dmx']);
    expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining("did you mean 'dmz'?")]);
  });

  it('moves this node by its agent.yml', async () => {
    place.write('agent.yml', '# mine\ndisplay_name: x\n');
    await place.agent({ [zones]: known });
    expect((await place.opsbro(['gossip', 'zone', 'change', 'side'])).code).toBe(0);
    expect(readFileSync(join(place.config, 'agent.yml'), 'utf8')).toContain('node-zone: side');
    expect((await place.opsbro(['gossip', 'zone', 'change', 'lan'])).out).toContain('already');
  });

  it('makes a key without an agent, for its owner alone, and keeps an older one', async () => {
    const made = await place.opsbro(['gossip', 'zone', 'key', 'generate', '--zone', 'lan']);
    expect([made.code, made.out]).toEqual([
      0,
      expect.stringMatching(/^Encryption key for the zone lan :\S{44}\n$/),
    ]);
    const key = made.out.trim().split(':')[1];
    expect(readFileSync(file('lan'), 'utf8').trim()).toBe(key);
    expect(statSync(file('lan')).mode & 0o777).toBe(0o600);
    expect(made.err).toContain(`gossip: {zone_keys: "${join(place.folder, 'data', 'zone_keys')}"}`);
    const again = await place.opsbro(['gossip', 'zone', 'key', 'generate', '--zone', 'lan']);
    expect([again.code, again.err]).toEqual([2, expect.stringContaining('--erase')]);
    expect((await place.opsbro(['gossip', 'zone', 'key', 'generate', '--zone', 'lan', '--erase'])).code).toBe(
      0,
    );
    expect(readFileSync(file('lan'), 'utf8').trim()).not.toBe(key);
    expect((await place.opsbro(['gossip', 'zone', 'key', 'generate'])).code).toBe(2);
    expect((await place.opsbro(['gossip', 'zone', 'key', 'generate', '--zone', '../x'])).code).toBe(2);
  });

  it('writes a key where the configuration has the agent look for it', async () => {
    const folder = join(place.folder, 'keys');
    place.write('gossip.yml', `gossip: { zone_keys: ${folder} }\n`);
    const { code, err } = await place.opsbro(['gossip', 'zone', 'key', 'generate', '--zone', 'lan']);
    expect([code, err]).toEqual([
      0,
      `it is in ${join(folder, 'lan.gossip.key')}\nthe agent uses it once it runs\n`,
    ]);
    expect([existsSync(join(folder, 'lan.gossip.key')), existsSync(file('lan'))]).toEqual([true, false]);
  });

  it.each([
    ['16 bytes, as OpsBro has them', '8ULFDDmVt+ES+ITv0Hrrug==', 0],
    ['32 bytes', Buffer.alloc(32, 7).toString('base64'), 0],
    ['another length', Buffer.alloc(15, 7).toString('base64'), 2],
    ['what is no base64', 'not!a!key', 2],
  ])('imports a key of %s', async (_, key, expected) => {
    const { code, err } = await place.opsbro([
      'gossip',
      'zone',
      'key',
      'import',
      '--zone',
      'lan',
      '--key',
      key,
    ]);
    expect([code, existsSync(file('lan'))]).toEqual([expected, expected === 0]);
    if (expected === 2) expect(err).toContain('ERROR: the key is not valid. (not 128bits');
  });

  it.each([
    ['takes it up', ['dmz', 'lan'], /^it is in \S+\nthe agent uses it from now on\n$/],
    ['looks elsewhere', ['lan'], /in agent.yml this makes the agent use it: gossip: \{zone_keys: /],
  ])('says whether the running agent %s for a zone below its own', async (_, used, told) => {
    await place.agent({
      '/api/v1/agent': { zone: 'lan' },
      [`POST ${zones}/keys`]: () => ({ zones: used }),
    });
    const made = await place.opsbro(['gossip', 'zone', 'key', 'generate', '--zone', 'dmz']);
    expect([made.code, made.err]).toEqual([0, expect.stringMatching(told)]);
  });

  it('has the running agent open with a new key at once', async () => {
    const sent: unknown[] = [];
    await place.agent({
      '/api/v1/agent': { zone: 'lan' },
      [`GET ${keyring}`]: withKey,
      [`POST ${keyring}`]: (body: unknown) => {
        sent.push(body);
        return { keys: [...withKey.keys, { id: '99999999', active: false }] };
      },
    });
    const key = '8ULFDDmVt+ES+ITv0Hrrug==';
    const { code, err } = await place.opsbro(['gossip', 'zone', 'key', 'import', '--key', key]);
    expect([code, err]).toEqual([0, expect.stringContaining('opsbro gossip keyring use 99999999')]);
    expect(sent).toEqual([{ do: 'install', key }]);
  });
});

it('completes names of nodes, zones, keys and events', async () => {
  await place.agent({
    [members]: snapshot,
    [zones]: known,
    [keyring]: withKey,
    '/api/v1/gossip/events': [{ name: 'deploy' }],
  });
  const cli = createCliContext(
    { stdout: { write: () => {} }, stderr: { write: () => {} }, env: {}, uid: 1, root: '/' },
    () => ({ config: [], json: false, color: false, data: join(place.folder, 'data') }),
  );
  expect(await candidates(cli, ['gossip', 'ping', 'd'])).toEqual(['db-1', 'db-2']);
  expect(await candidates(cli, ['gossip', 'zone', 'change', ''])).toEqual(['dmz', 'lan', 'side']);
  expect(await candidates(cli, ['gossip', 'zone', 'key', 'import', '--zone', 'd'])).toEqual(['dmz']);
  expect(await candidates(cli, ['gossip', 'keyring', 'use', ''])).toEqual(['0a0b0c0d']);
  expect(await candidates(cli, ['gossip', 'events', 'wait', ''])).toEqual(['deploy']);
  expect(await candidates(cli, ['gossip', 'key'])).toEqual(['keyring']);
});
