import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { node, snapshot } from './cluster.ts';
import { Workplace } from './workplace.ts';

let place: Workplace;

beforeEach(() => {
  place = new Workplace();
});

afterEach(() => place.dispose());

const members = '/api/v1/gossip/members';
const keyring = '/api/v1/gossip/keyring';
const withKey = { keys: [{ id: '0a0b0c0d', active: true }] };
const noRoute = (path: string) => ({
  error: { code: 'OPSBRO_API_NOT_FOUND', message: `no route GET ${path}` },
});

describe('opsbro gossip', () => {
  it('names the YAML that starts the service where it does not run', async () => {
    await place.agent({ [members]: noRoute(members) });
    const { code, out, err } = await place.opsbro(['gossip', 'members']);
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/OPSBRO_AGENT_NO_GOSSIP|takes part in no cluster/);
    expect(err).toContain('gossip: {}');
  });

  it('names a file that cannot be used: the YAML may be in it', async () => {
    const status = { bad_files: ['/etc/opsbro/config.d/agent.yml', '/etc/opsbro/config.d/x.yml'] };
    await place.agent({ [members]: noRoute(members), '/api/v1/config/status': status });
    const { code, err } = await place.opsbro(['gossip', 'members']);
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(
        /no cluster; \/etc\S+agent.yml and 1 more cannot be used, see 'opsbro config status'/,
      ),
    ]);
  });

  it('says where to look when the service has failed', async () => {
    const message = 'core/cluster/gossip is failed';
    await place.agent({ [members]: { error: { code: 'OPSBRO_AGENT_BUSY', message } } });
    const { code, err } = await place.opsbro(['gossip', 'members', '--json']);
    expect([code, JSON.parse(err).error.code]).toEqual([1, 'OPSBRO_AGENT_NO_GOSSIP']);
    expect(err).toContain('opsbro plugins show cluster/gossip');
  });

  it('needs an agent', async () => {
    const { code, err } = await place.opsbro(['gossip', 'members']);
    expect([code, err]).toEqual([1, expect.stringContaining('no agent answers')]);
  });
});

describe('opsbro gossip members', () => {
  it('shows the cluster by zone, this one first', async () => {
    await place.agent({ [members]: snapshot });
    const { code, out } = await place.opsbro(['gossip', 'members']);
    expect(code).toBe(0);
    expect(out.split('\n').map((line) => line.trimEnd())).toEqual([
      'zone lan  this node is in it, 3 nodes',
      'NODE           STATE   SINCE  ADDRESS        IS        FAILING  GROUPS',
      'web-1 [front]  alive  3h ago  10.0.0.1:6768  this one  -        linux, redis',
      'db-1           alive  3h ago  10.0.0.1:6768  proxy     redis    linux, redis',
      'db-2           dead        -  10.0.0.1:6768            -        linux, redis',
      '',
      'zone dmz  below lan, 1 node  unreachable: all of its proxies are gone',
      'NODE   STATE     SINCE  ADDRESS        IS  FAILING  GROUPS',
      'out-1  suspect  3h ago  10.0.0.1:6768      -',
      '',
      '4 nodes in 2 zones: 2 alive, 1 suspect, 1 dead; checks fail on 1',
      '',
    ]);
  });

  it('counts apart who is alive as far as was heard before its zone was lost', async () => {
    const nodes = snapshot.nodes.map((one) => ({ ...one, state: 'alive' }));
    await place.agent({ [members]: { ...snapshot, nodes } });
    const { out } = await place.opsbro(['gossip', 'members']);
    expect(out).toContain('2 zones: 4 alive (1 of them in a zone that is out of reach); checks fail on 1');
  });

  it('shows more in detail, and all as JSON', async () => {
    await place.agent({ [members]: snapshot });
    const { out } = await place.opsbro(['gossip', 'members', '--detail']);
    expect(out).toMatch(/uuid-web-1 +1\.2\.3 +1-2 +17 +5/);
    expect(out).toContain('10.0.0.1:6768, [fd00::1]:6768');
    const json = JSON.parse((await place.opsbro(['gossip', 'members', '--json'])).out);
    expect(json).toMatchObject({ self: 'uuid-web-1', zone: 'lan', zones: snapshot.zones });
    expect(json.nodes.map(({ since }: { since: unknown }) => since)).toEqual([
      expect.stringMatching(/Z$/),
      expect.stringMatching(/Z$/),
      null,
      expect.stringMatching(/Z$/),
    ]);
  });

  it('lets no name of another node reach the terminal as a command', async () => {
    const bad = node('\u001b[31mx\u202e', { groups: ['a\nb'] });
    await place.agent({ [members]: { ...snapshot, nodes: [bad] } });
    const { out } = await place.opsbro(['gossip', 'members']);
    expect(out).not.toMatch(/[\u001b\u202e]/);
    expect(out).toContain('a b');
  });
});

describe('opsbro gossip join', () => {
  const sent: unknown[] = [];
  const joining = {
    [keyring]: withKey,
    'POST /api/v1/gossip/join': (body: unknown) => {
      sent.push(body);
      return { joined: ['10.0.0.2:6768'], failed: [{ address: '10.0.0.3:6768', reason: 'no answer' }] };
    },
  };

  it('says of each address how it went, and fails when one did', async () => {
    await place.agent(joining);
    const { code, out } = await place.opsbro(['gossip', 'join', '10.0.0.2', '10.0.0.3']);
    expect([code, out]).toEqual([
      1,
      'Joining 10.0.0.2:6768 : OK\nJoining 10.0.0.3:6768 : FAILED (no answer)\n',
    ]);
    expect(sent).toEqual([{ addresses: ['10.0.0.2', '10.0.0.3'] }]);
  });

  it.each(['10.0.0.2', '10.0.0.2:7000', '[fd00::1]:7000'])(
    'prints the commands and the YAML that make %s work where there is no key',
    async (seed) => {
      await place.agent({ ...joining, [keyring]: { keys: [] }, '/api/v1/agent': { zone: 'lan' } });
      const { code, out, err } = await place.opsbro(['gossip', 'join', seed]);
      expect([code, out]).toEqual([1, '']);
      expect(err).toContain('opsbro gossip zone key generate --zone lan');
      expect(err).toContain('opsbro gossip zone key import --zone lan --key');
      expect(err).toContain(`gossip: {zone_keys: "${join(place.folder, 'data/zone_keys')}"}`);
    },
  );

  it.each(['127.0.0.2', '[::1]:7000', 'localhost'])('needs no key for %s', async (seed) => {
    await place.agent({
      ...joining,
      [keyring]: [],
      'POST /api/v1/gossip/join': { joined: [seed], failed: [] },
    });
    const { code, err } = await place.opsbro(['gossip', 'join', seed]);
    expect([code, err]).toEqual([0, '']);
  });
});

describe('opsbro gossip detect', () => {
  const found = {
    uuid: 'b',
    name: 'b',
    display_name: 'Web B',
    address: '10.0.0.2',
    port: 6768,
    zone: 'lan',
    groups: ['x'],
    proxy: true,
  };
  const detect = 'POST /api/v1/gossip/detect';

  it('shows who answered, and joins when asked', async () => {
    await place.agent({
      [detect]: (body: { auto_join: boolean; timeout: number }) => [
        body.auto_join ? { ...found, joined: body.timeout === 1 } : found,
      ],
    });
    const shown = await place.opsbro(['gossip', 'detect']);
    expect([shown.code, shown.err]).toEqual([0, expect.stringContaining('--auto-join')]);
    expect(shown.out).toMatch(/b \[Web B\] +lan +10\.0\.0\.2:6768 +yes +x/);
    const joined = await place.opsbro(['gossip', 'detect', '--auto-join', '--timeout', '1s']);
    expect([joined.code, joined.err]).toEqual([0, 'Joining 10.0.0.2:6768 (b [Web B]) : OK\n']);
    const failed = await place.opsbro(['gossip', 'detect', '--auto-join', '--json']);
    expect([failed.code, JSON.parse(failed.out)]).toEqual([1, [{ ...found, joined: false }]]);
  });

  it('fails when nobody answers', async () => {
    await place.agent({ [detect]: [] });
    const { code, err } = await place.opsbro(['gossip', 'detect', '--timeout', '2']);
    expect([code, err]).toEqual([1, 'no other node answered within 2 s (UDP broadcast)\n']);
  });

  it('refuses a time that is too long', async () => {
    expect((await place.opsbro(['gossip', 'detect', '--timeout', '1m'])).code).toBe(2);
  });
});

describe('opsbro gossip ping and leave', () => {
  it('ping a node by its name, display name or uuid', async () => {
    const asked: unknown[] = [];
    await place.agent({
      [members]: snapshot,
      'POST /api/v1/gossip/ping': (body: unknown) => {
        asked.push(body);
        return { node: 'uuid-web-1', ms: 1.23, path: 'direct' };
      },
    });
    for (const name of ['web-1', 'FRONT', 'uuid-web-1']) {
      const { code, out } = await place.opsbro(['gossip', 'ping', name]);
      expect([code, out]).toEqual([0, 'web-1 [front]: OK in 1.2 ms\n']);
    }
    expect(asked).toEqual(Array(3).fill({ node: 'uuid-web-1' }));
    const unknown = await place.opsbro(['gossip', 'ping', 'web-2']);
    expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining("did you mean 'web-1'?")]);
  });

  it('say by its name who does not answer a ping', async () => {
    const error = { code: 'OPSBRO_API_DEADLINE', message: 'uuid-web-1 does not answer' };
    await place.agent({ [members]: snapshot, 'POST /api/v1/gossip/ping': { error } });
    const { code, err } = await place.opsbro(['gossip', 'ping', 'FRONT']);
    expect([code, err]).toEqual([1, 'opsbro: web-1 [front] does not answer\n']);
  });

  it('leave oneself, or clear a dead node away, and nobody who is alive', async () => {
    const left: unknown[] = [];
    await place.agent({
      [members]: snapshot,
      'POST /api/v1/gossip/leave': (body: unknown) => {
        left.push(body);
        return null;
      },
    });
    expect(await place.opsbro(['gossip', 'leave'])).toMatchObject({
      code: 0,
      out: 'Node uuid-web-1 is set to leave state: OK\n',
    });
    expect((await place.opsbro(['gossip', 'leave', 'db-2'])).code).toBe(0);
    const alive = await place.opsbro(['gossip', 'leave', 'db-1']);
    expect([alive.code, alive.err]).toEqual([2, expect.stringContaining('db-1 is alive')]);
    expect(left).toEqual([{}, { uuid: 'uuid-db-2' }]);
  });
});

describe('opsbro gossip history', () => {
  it('tells who accused whom on what evidence', async () => {
    const at = '2026-01-01T10:00:00.000Z';
    const accusers = [{ by: 'u', name: 'db-1', evidence: 'no-ack', at }];
    const entries = [
      { at, node: 'x', name: 'gone', state: 'suspect', accusers },
      { at, node: 'uuid-web-1', name: 'web-1', state: 'alive', accusers: [] },
    ];
    await place.agent({ [members]: snapshot, '/api/v1/gossip/history': entries });
    const { out } = await place.opsbro(['gossip', 'history', 'gone']);
    expect(out).toContain('gone  suspect  db-1: no answer to a probe (10:00:00)');
    expect(out).not.toContain('web-1');
    expect(JSON.parse((await place.opsbro(['gossip', 'history', '--json'])).out)).toEqual(entries);
    expect((await place.opsbro(['gossip', 'history', 'db-1'])).out).toBe('no changes\n');
    expect((await place.opsbro(['gossip', 'history', 'nobody'])).code).toBe(2);
    expect((await place.opsbro(['gossip', 'history', '--since', '1s'])).out).toBe('no changes\n');
  });
});

describe('opsbro gossip history of nodes with one name', () => {
  it('tells them apart by their display names, else by their uuids', async () => {
    const at = '2026-01-01T10:00:00.000Z';
    const entry = (node: string, shown: string) => ({
      at,
      node,
      name: 'db1',
      display_name: shown,
      state: 'new',
      accusers: [],
    });
    const accusers = [{ by: 'u1', name: 'db1', display_name: 'red', evidence: 'no-ack', at }];
    const entries = [
      entry('u1', 'red'),
      entry('u2', 'blue'),
      entry('u3', ''),
      { ...entry('u4', ''), accusers },
    ];
    await place.agent({ [members]: snapshot, '/api/v1/gossip/history': entries });
    const { out } = await place.opsbro(['gossip', 'history']);
    expect(out).toMatch(
      /db1 \[red\] +new.*\n.*db1 \[blue\] +new.*\n.* u3 +new.*\n.* u4 +new +red: no answer/,
    );
    expect((await place.opsbro(['gossip', 'history', 'blue', '--json'])).out).toContain('"u2"');
  });
});

describe('opsbro gossip wait-members', () => {
  it.each([
    [['--name', 'web-1'], 0],
    [['--display-name', 'front'], 0],
    [['--group', 'redis', '--count', '2'], 0],
    [['--count', '2'], 0],
    [['--group', 'redis', '--count', '3', '--timeout', '100ms'], 1],
    [['--name', 'db-2', '--timeout', '100ms'], 1],
    [[], 2],
    [['--count', 'x'], 2],
  ])('counts who is alive: %j ends with %i', async (options, expected) => {
    await place.agent({ [members]: snapshot });
    expect((await place.opsbro(['gossip', 'wait-members', ...options])).code).toBe(expected);
  });

  it('waits while the service starts', async () => {
    let looks = 0;
    await place.agent({
      [members]: () => {
        looks += 1;
        const message = 'core/cluster/gossip is starting';
        return looks === 1 ? { error: { code: 'OPSBRO_AGENT_BUSY', message } } : snapshot;
      },
    });
    const { code, out } = await place.opsbro(['gossip', 'wait-members', '--name', 'db-1']);
    expect([code, out]).toEqual([0, 'db-1: alive\n']);
  });
});

describe('opsbro gossip events', () => {
  const event = {
    id: '1',
    name: 'deploy',
    payload: { v: 3 },
    from: 'u',
    node: 'db-1',
    display_name: 'db-1',
    at: new Date().toISOString(),
  };

  it('tells an event with a payload, JSON or text', async () => {
    const told: unknown[] = [];
    await place.agent({
      'POST /api/v1/gossip/events': (body: { name: string }) => {
        told.push(body);
        return body.name === 'a b' ? { error: { code: 'OPSBRO_API_INVALID', message: 'no name' } } : event;
      },
    });
    for (const more of [[], ['--payload', '{"v":3}'], ['--payload', 'version 3']])
      expect((await place.opsbro(['gossip', 'events', 'add', 'deploy', ...more])).code).toBe(0);
    expect(told).toEqual([null, { v: 3 }, 'version 3'].map((payload) => ({ name: 'deploy', payload })));
    expect((await place.opsbro(['gossip', 'events', 'add', 'a b'])).code).toBe(2);
  });

  it('waits for one, also one that is kept, unless it must be new', async () => {
    let looks = 0;
    const answers = () => {
      looks += 1;
      return looks < 3 ? [event] : [event, { ...event, id: '2', node: '' }];
    };
    await place.agent({ '/api/v1/gossip/events?name=deploy': answers, '/api/v1/gossip/events?name=x': [] });
    const { code, out } = await place.opsbro(['gossip', 'events', 'wait', 'deploy']);
    expect([code, out]).toEqual([0, expect.stringMatching(/^deploy: told by db-1 .+: \{"v":3\}\n$/)]);
    const fresh = await place.opsbro(['gossip', 'events', 'wait', 'deploy', '--new', '--json']);
    expect([fresh.code, JSON.parse(fresh.out).id]).toEqual([0, '2']);
    const late = await place.opsbro(['gossip', 'events', 'wait', 'x', '--timeout', '100ms']);
    expect([late.code, late.err]).toEqual([1, expect.stringContaining('there was none')]);
  });

  it('lists what is kept', async () => {
    await place.agent({ '/api/v1/gossip/events': [event] });
    expect((await place.opsbro(['gossip', 'events', 'list'])).out).toMatch(/deploy +db-1 .+\{"v":3\}/);
  });
});
