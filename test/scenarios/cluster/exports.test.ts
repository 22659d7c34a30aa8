import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterNode } from 'opsbro/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentView, CollectorView } from '../../../control/shapes.ts';
import { opsbro, run } from '../cli-run.ts';
import { NagiosDaemon, nagiosAbsent } from '../nagios-daemon.ts';
import { type RealAgent, startRealAgent } from '../real-agent.ts';
import { freePort, measuresNothing, members } from './agents.ts';

const isRequired = process.env.OPSBRO_TEST_REQUIRE === 'all';
const patientMs = 200_000;
const key = Buffer.alloc(16, 9).toString('base64');
const hosts = ['127.0.0.81', '127.0.0.82', '127.0.0.83'] as const;
const groups = ['[storefront, "app::blue"]', '[storefront, ledger]', '[storefront, kv]'] as const;
const zone = 'rack4.paris.example';
/** Long enough that three services of the second agent's domain are more than 512 bytes. */
const longDomain = 'nodes-and-services.observability.production.europe.example';

const agents: RealAgent[] = [];
const uuids: string[] = [];
const dnsPorts: number[] = [];
const nagios = new NagiosDaemon();
let gossipPort = 0;

function has(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return isRequired;
  }
}

const hasDig = has('dig') && has('kdig');
const hasNagios = nagiosAbsent === undefined || isRequired;

const check = (condition: string): string =>
  `check: {interval: 1s, if_group: storefront, critical_if: "${condition}", ok_output: "'serves'", critical_output: "'is broken'"}\n`;

/** What the first two agents tell others of the cluster: the one all there is, the other its names below another domain. */
function exporters(host: number): { [path: string]: string } {
  const ports = 'ports: {storefront: 8080}';
  if (host === 1) return { 'dns.yml': `dns: {port: ${dnsPorts[1]}, domain: ${longDomain}, ${ports}}\n` };
  if (host === 2) return {};
  return {
    'dns.yml': `dns: {port: ${dnsPorts[0]}, ${ports}}\n`,
    'core/collectors/gossip.yml': 'collector: {use: gossip, interval: 1s}\n',
    'kv/parameters.yml': 'port: 6380\n',
    'shop/parameters.yml': 'ports: {kv: 1, ledger: 6379}\n',
    'tell.yml': 'handler: {type: log, severities: [ok, warning, critical, unknown]}\n',
    // As packs of the first OpsBro had it.
    'packs/shinken/parameters/parameters.yml': [
      `enabled: ${hasNagios}`,
      'monitoring_tool: nagios',
      `cfg_path: ${nagios.objects}`,
      `external_command_file: ${nagios.pipe}`,
      `verify_command: ${nagios.verifyCommand}`,
      `reload_command: ${nagios.reloadCommand}`,
      'reload_quiet: 200ms',
      'host_template: opsbro-host',
      'forget_left: 1s\n',
    ].join('\n'),
  };
}

function start(host: 0 | 1 | 2, again?: RealAgent): Promise<RealAgent> {
  if (again !== undefined) return startRealAgent({ config: again.config, data: again.data });
  const gossip = `{address: ${hosts[host]}, port: ${gossipPort}, key: ${key}, profile: local, seeds: [${hosts[0]}]}`;
  const files = {
    ...measuresNothing,
    'agent.yml': `display_name: web-${host + 1}\nnode-zone: ${zone}\ngroups: ${groups[host]}\n`,
    'gossip.yml': `gossip: ${gossip}\n`,
    'serves.yml': check('1 > 2'),
    ...exporters(host),
  };
  return startRealAgent({ files });
}

/** Waits until the first agent sees another like that. */
function sees(host: number, what: string, is: (node: ClusterNode) => boolean): Promise<ClusterNode> {
  const [first] = agents;
  return first!.until(
    `host ${host} ${what}`,
    async () => (await members(first!)).find((node) => node.addresses[0] === hosts[host] && is(node)),
    patientMs,
  );
}

/** What a client of DNS makes of the first agent's answer, or of another server's. */
async function ask(program: 'dig' | 'kdig', question: string, port = dnsPorts[0]): Promise<string> {
  const patience = ['+time=5', program === 'dig' ? '+tries=3' : '+retry=2'];
  return (await run(program, ['@127.0.0.1', '-p', `${port}`, ...patience, ...question.split(' ')])).stdout;
}

async function short(question: string, port?: number): Promise<string[]> {
  return (await ask('dig', `+short ${question}`, port)).split('\n').filter(Boolean).sort();
}

/** Waits until a question is answered so. */
function answers(question: string, lines: readonly string[], port?: number): Promise<unknown> {
  const wanted = [...lines].sort().join();
  const asked = async (): Promise<boolean> => (await short(question, port)).join() === wanted;
  return agents[0]!.until(`${question}: ${wanted}`, asked, patientMs);
}

beforeAll(async () => {
  gossipPort = await freePort();
  dnsPorts.push(await freePort(), await freePort());
  if (hasNagios) await nagios.start();
  agents.push(...(await Promise.all([start(0), start(1), start(2)])));
  const views = agents.map(({ get }) => get<AgentView>('/api/v1/agent'));
  uuids.push(...(await Promise.all(views)).map(({ uuid }) => uuid));
  for (const host of [0, 1, 2])
    await sees(host, 'in its groups', (node) => node.state === 'alive' && node.groups.includes('storefront'));
});

afterAll(async () => {
  await Promise.all(agents.map((agent) => agent.dispose()));
  await nagios.dispose();
});

describe.skipIf(!hasDig)('over DNS (needs dnsutils and knot-dnsutils)', () => {
  it('nodes are found by group, name and uuid, whatever the case', async () => {
    await answers(`storefront.group.${zone}.opsbro`, hosts);
    expect(await short('storefront.group.dc1.opsbro')).toEqual(hosts);
    expect(await short(`app--blue.group.${zone}.opsbro`)).toEqual([hosts[0]]);
    expect(await short(`WEB-2.name.${zone}.opsbro`)).toEqual([hosts[1]]);
    expect(await short(`${uuids[2]}.uuid.${zone}.opsbro`)).toEqual([hosts[2]]);
    const spelt = await ask('dig', `StoreFRONT.gRoUp.${zone}.OPSbro`);
    expect(spelt).toMatch(/ANSWER: 3,[\s\S]*\n;StoreFRONT\.gRoUp\..*\.OPSbro\.\s/);
  });

  it('services have the port of the options, or of a pack', async () => {
    const named = uuids.map((uuid) => `1 1 8080 ${uuid}.uuid.${zone}.opsbro.`).sort();
    expect(await short(`_storefront._tcp.${zone}.opsbro SRV`)).toEqual(named);
    await answers(`_kv._tcp.${zone}.opsbro SRV`, [`1 1 6380 ${uuids[2]}.uuid.${zone}.opsbro.`]);
    await answers(`_ledger._tcp.${zone}.opsbro SRV`, [`1 1 6379 ${uuids[1]}.uuid.${zone}.opsbro.`]);
    expect(await short('-x 127.0.0.82')).toEqual([`${uuids[1]}.uuid.${zone}.opsbro.`]);
  });

  it.each([
    [
      'a known group without a port',
      `_app--blue._tcp.${zone}.opsbro SRV`,
      'NOERROR',
      /ANSWER: 0, AUTHORITY: 1/,
    ],
    ['a type that nobody has', `storefront.group.${zone}.opsbro AAAA`, 'NOERROR', /\sSOA\sns\.opsbro\. /],
    ['no such group', `none.group.${zone}.opsbro`, 'NXDOMAIN', /^opsbro\.\s+5\s+IN\s+SOA\s/m],
    ['the domain itself', 'opsbro SOA', 'NOERROR', /^opsbro\.\s+5\s+IN\s+SOA\sns\.opsbro\. .* 5$/m],
    ['a name of others', 'example.org', 'REFUSED', /ANSWER: 0, AUTHORITY: 0/],
    ['anything', `web-1.name.${zone}.opsbro ANY`, 'NOERROR', /ANSWER: 1,[\s\S]*HINFO\s"RFC8482" ""/],
  ])('%s is answered as it should be', async (_, question, status, rest) => {
    const said = await ask('dig', question);
    expect(said).toContain(`status: ${status}`);
    expect(said).toMatch(rest);
  });

  it('an answer that UDP has no room for is cut, and whole over TCP', async () => {
    const question = `_storefront._tcp.${zone}.${longDomain} SRV`;
    const named = uuids.map((uuid) => `1 1 8080 ${uuid}.uuid.${zone}.${longDomain}.`).sort();
    await answers(`+tcp ${question}`, named, dnsPorts[1]);
    expect(await ask('dig', `+noedns +ignore ${question}`, dnsPorts[1])).toMatch(
      /flags: qr aa tc rd;.*ANSWER: 0/,
    );
    expect(await short(`+noedns ${question}`, dnsPorts[1])).toEqual(named);
    const whole = await ask('kdig', `+tcp +edns ${question}`, dnsPorts[1]);
    expect(whole).toMatch(/Flags: qr aa rd; QUERY: 1; ANSWER: 3; AUTHORITY: 0; ADDITIONAL: 4/);
    expect(whole).not.toMatch(/WARNING|malformed/i);
  });

  it('a check of another node tells its state', async () => {
    const question = `serves.check.web-3.${zone}.opsbro TXT`;
    const said = await agents[0]!.until('its details', async () => (await short(question))[0], patientMs);
    const { checks } = await agents[0]!.get<{ checks: object }>(`/monitoring/state/${uuids[2]}`);
    expect(checks).toMatchObject({ 'local/check/serves': { state: 'ok', output: 'serves' } });
    expect(said).toMatch(/^"state=ok" "age=\d+s" "check=local\/check\/serves"$/);
  });

  it('a node is left out of a group of which a check fails', async () => {
    agents[2]!.write('serves.yml', check('2 > 1'));
    await sees(2, 'failing', ({ failing }) => failing.includes('storefront'));
    await answers(`storefront.group.${zone}.opsbro`, hosts.slice(0, 2));
    expect(await short(`kv.group.${zone}.opsbro`)).toEqual([hosts[2]]);
    expect(await short(`web-3.name.${zone}.opsbro`)).toEqual([hosts[2]]);
  });
});

describe.skipIf(!has('dnsmasq') || !hasDig)(
  'behind a dnsmasq with what `generate dnsmasq` prints (needs dnsmasq-base)',
  () => {
    let dnsmasq: ChildProcess | undefined;

    afterAll(async () => {
      if (dnsmasq === undefined || dnsmasq.exitCode !== null) return;
      dnsmasq.kill();
      await once(dnsmasq, 'exit');
    });

    it('names of the domain are asked of the agent', async () => {
      const printed = await opsbro(['generate', 'dnsmasq', '--config', agents[0]!.config]);
      expect([printed.code, printed.stderr]).toEqual([0, '']);
      const file = join(agents[0]!.data, 'dnsmasq.conf');
      writeFileSync(file, printed.stdout);
      const front = await freePort();
      const alone = [
        '--keep-in-foreground',
        '--pid-file=',
        '--user=',
        '--no-resolv',
        '--no-hosts',
        '--stop-dns-rebind',
      ];
      const where = [`--port=${front}`, '--listen-address=127.0.0.1', '--bind-interfaces'];
      dnsmasq = spawn('dnsmasq', [`--conf-file=${file}`, ...alone, ...where], { stdio: 'ignore' });
      await answers(`web-2.name.${zone}.opsbro`, [hosts[1]], front);
      expect(await ask('dig', `none.group.${zone}.opsbro`, front)).toContain('status: NXDOMAIN');
      expect(await short(`_kv._tcp.${zone}.opsbro SRV`, front)).toHaveLength(1);
    });
  },
);

function host(index: number, field: string): string | undefined {
  return nagios.status().get(`host ${uuids[index]}`)?.get(field);
}

describe.skipIf(!hasNagios)(
  `in nagios4${nagiosAbsent === undefined ? '' : ` (skipped: ${nagiosAbsent})`}`,
  () => {
    const inGroup = (group: string): string[] | undefined =>
      nagios.cache().get(`hostgroup ${group}`)?.get('members')?.split(',').sort();

    it('every node is a host that is UP, in the host groups of its groups', async () => {
      await nagios.until('three hosts UP', () =>
        [0, 1, 2].every((index) => host(index, 'current_state') === '0'),
      );
      expect(nagios.verify()).toMatchObject({ clean: true });
      const events = '/api/v1/gossip/events?name=shinken-restart';
      await agents[2]!.until('its reload', async () => (await agents[2]!.get<unknown[]>(events)).length > 0);
      expect(inGroup('storefront')).toEqual([...uuids].sort());
      expect(inGroup('kv')).toEqual([uuids[2]]);
      const made = nagios.cache().get(`host ${uuids[1]}`);
      expect(Object.fromEntries(made ?? [])).toMatchObject({ address: hosts[1], active_checks_enabled: '0' });
    });

    it('checks of every node are its services, and what they say arrives', async () => {
      const service = (index: number, field: string): string | undefined =>
        nagios.status().get(`service ${uuids[index]}/Agent-serves`)?.get(field);
      // Nagios gives a service that nothing was said about the state of one that is OK.
      await nagios.until('all results', () =>
        [0, 1].every((index) => service(index, 'plugin_output') === 'serves'),
      );
      expect([0, 1].map((index) => service(index, 'current_state'))).toEqual(['0', '0']);
      agents[1]!.write('serves.yml', check('2 > 1'));
      await nagios.until('the change of another node', () => service(1, 'current_state') === '2');
      agents[0]!.write('serves.yml', check('2 > 1'));
      await nagios.until('the change of its own node', () => service(0, 'current_state') === '2');
      expect([0, 1].map((index) => service(index, 'plugin_output'))).toEqual(['is broken', 'is broken']);
    });

    it('a change of groups changes the host', async () => {
      agents[1]!.write('agent.yml', `display_name: web-2\nnode-zone: ${zone}\ngroups: [cache]\n`);
      await nagios.until('its new group', () => inGroup('cache')?.join() === uuids[1]);
      expect(inGroup('storefront')).not.toContain(uuids[1]);
    });
  },
);

it('who is killed is seen dead by all of them, and back again', async () => {
  const [first, , third] = agents;
  await third!.kill('SIGKILL');
  await sees(2, 'dead', ({ state }) => state === 'dead');
  if (hasDig) await answers(`kv.group.${zone}.opsbro`, []);
  if (hasNagios) {
    await nagios.until('DOWN', () => host(2, 'current_state') === '1');
    expect(host(2, 'plugin_output')).toBe('the agent is dead: it stopped answering');
  }
  await first!.until(
    'its handlers',
    async () => /node \S+ is dead \(zone rack4/.test(first!.output()),
    patientMs,
  );
  const counted = async (): Promise<unknown> =>
    (await first!.get<CollectorView>('/api/v1/collectors/gossip')).results;
  await first!.until(
    'the collector',
    async () => JSON.stringify(await counted()).includes('"dead":1'),
    patientMs,
  );
  agents[2] = await start(2, third);
  await sees(2, 'back', ({ state }) => state === 'alive');
  if (hasDig) await answers(`kv.group.${zone}.opsbro`, [hosts[2]]);
  if (hasNagios) await nagios.until('UP', () => host(2, 'current_state') === '0');
});

it('who leaves goes away', async () => {
  const [first, second] = agents;
  await second!.post('/api/v1/gossip/leave', {});
  await sees(1, 'gone', ({ state }) => state === 'leave');
  if (hasDig) await answers(`web-2.name.${zone}.opsbro`, []);
  if (hasNagios) {
    await nagios.until('its end', () => !nagios.status().has(`host ${uuids[1]}`));
    const files = [`${uuids[0]}.cfg`, `${uuids[2]}.cfg`, '_groups.cfg'];
    expect(readdirSync(nagios.objects).sort()).toEqual(files.sort());
    expect(nagios.verify()).toMatchObject({ clean: true });
  }
  const told = await first!.get<{ entries: { state: string }[] }[]>('/agent/members/history');
  expect(told.flatMap(({ entries }) => entries.map(({ state }) => state))).toEqual(
    expect.arrayContaining(['DEAD', 'ALIVE', 'LEAVE']),
  );
});
