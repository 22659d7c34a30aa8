import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { ClusterNode, Json, NodeCheck } from 'opsbro/sdk';
import { type ServiceTestContext, serviceContext } from 'opsbro/sdk/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import shinken from '../../plugins/exporters/shinken/index.ts';
import type { Options } from '../../plugins/exporters/shinken/options.ts';
import { NagiosDaemon, nagiosAbsent } from './nagios-daemon.ts';

const isRequired = process.env.OPSBRO_TEST_REQUIRE === 'all';
const icingaAbsent = existsSync('/usr/sbin/icinga2') ? undefined : 'there is no icinga2: install icinga2-bin';
const web = '2f1c7e9054d34cf4a3f5b0d4d7b0a1c2';
const db = '9b1de0a27c3f4e0fa1c2d3e4f5a6b7c8';

const node = (uuid: string, name: string, more: Partial<ClusterNode> = {}): ClusterNode => ({
  uuid,
  name,
  display_name: name,
  addresses: ['127.0.0.1'],
  port: 6768,
  zone: 'internet',
  groups: ['linux'],
  state: 'alive',
  since: Date.now(),
  incarnation: 1,
  version: '1.0.0',
  protocol: [1, 1],
  proxy: false,
  checks_version: 1,
  failing: [],
  ...more,
});
const check = (name: string, more: Partial<NodeCheck> = {}): NodeCheck => ({
  id: `linux/check/${name}`,
  name,
  pack: 'linux',
  state: 'ok',
  hard: true,
  since: 0,
  output: 'fine',
  perfdata: '',
  ...more,
});

let nagios: NagiosDaemon;
let ctx: ServiceTestContext<Options>;

beforeEach(async () => {
  nagios = new NagiosDaemon();
});
afterEach(async () => {
  await shinken.stop();
  await nagios.dispose();
});

function tell(nodes: ClusterNode[], checks: { [uuid: string]: NodeCheck[] } = {}): void {
  const details = Object.entries(checks).map(([uuid, own]) => [uuid, { uuid, version: 1, checks: own }]);
  ctx.push('node-details', Object.fromEntries(details) as Json);
  ctx.push('nodes', { self: web, zone: 'internet', zones: [], nodes } as unknown as Json);
}

async function start(more: Partial<Options> = {}): Promise<void> {
  ctx = serviceContext<Options>({
    options: {
      monitoring_tool: 'nagios',
      cfg_path: nagios.objects,
      external_command_file: nagios.pipe,
      verify_command: nagios.verifyCommand,
      reload_command: nagios.reloadCommand,
      reload_quiet: '50ms',
      reload_latest: '2s',
      command_timeout: '60s',
      resend: '5m',
      host_template: 'opsbro-host',
      hostgroup_prefix: '',
      forget_left: '300s',
      forget_dead: '72h',
      ...more,
    },
  });
  await shinken.start(ctx);
}

const state = (key: string): string | undefined => nagios.status().get(key)?.get('current_state');

describe.skipIf(nagiosAbsent !== undefined && !isRequired)(
  `nagios4-core reads what is exported${nagiosAbsent === undefined ? '' : ` (skipped: ${nagiosAbsent})`}`,
  () => {
    it('nodes and checks appear, their results arrive, and changes of groups and states are followed', async () => {
      await nagios.start();
      await start({ forget_left: '1s' });
      const load = check('load', {
        state: 'critical',
        output: 'load is 42\nsecond line: $USER1$ | C:\\new',
        perfdata: 'load1=42;10;20;0',
      });
      const checks = {
        [web]: [load, check('memory')],
        [db]: [check('redis', { state: 'warning', output: 'slow' })],
      };
      tell([node(web, 'web'), node(db, 'db', { groups: ['linux', 'redis'] })], checks);
      await nagios.until('both hosts', () => nagios.status().has(`host ${db}`));
      expect(nagios.verify()).toMatchObject({ clean: true });
      const cache = nagios.cache();
      expect(Object.fromEntries(cache.get(`host ${web}`) ?? [])).toMatchObject({
        display_name: 'web',
        address: '127.0.0.1',
        active_checks_enabled: '0',
      });
      expect(cache.get('hostgroup redis')?.get('members')).toBe(db);
      expect(cache.get('hostgroup linux')?.get('members')?.split(',').sort()).toEqual([web, db].sort());
      expect([...cache.keys()].filter((key) => key.startsWith('service ')).sort()).toEqual([
        `service ${web}/Agent-load`,
        `service ${web}/Agent-memory`,
        `service ${db}/Agent-redis`,
        'service keeper/self',
      ]);
      await nagios.until('the results', () => state(`service ${web}/Agent-load`) === '2');
      await nagios.until(
        'all results',
        () => state(`service ${db}/Agent-redis`) === '1' && state(`host ${db}`) === '0',
      );
      expect(Object.fromEntries(nagios.status().get(`service ${web}/Agent-load`) ?? [])).toMatchObject({
        plugin_output: 'load is 42',
        long_plugin_output: 'second line: _USER1_ / C:/new',
        performance_data: 'load1=42;10;20;0',
        state_type: '1',
      });
      expect(ctx.emitted).toContainEqual({ topic: 'shinken-restart', data: { tool: 'nagios', hosts: 2 } });

      const inode = Object.fromEntries(readdirSync(nagios.objects).map((name) => [name, stamp(name)]));
      tell(
        [node(web, 'web', { groups: ['linux', 'nginx'] }), node(db, 'db', { groups: ['linux', 'redis'] })],
        checks,
      );
      await nagios.until('the group', () => nagios.cache().get('hostgroup nginx')?.get('members') === web);
      expect(stamp(`${db}.cfg`)).toBe(inode[`${db}.cfg`]);
      expect(stamp(`${web}.cfg`)).not.toBe(inode[`${web}.cfg`]);

      const linux = { groups: ['linux', 'redis'] };
      tell([node(web, 'web'), node(db, 'db', { ...linux, state: 'dead' })], checks);
      await nagios.until('DOWN', () => state(`host ${db}`) === '1');
      await nagios.until('the group to go', () => !nagios.cache().has('hostgroup nginx'));
      tell([node(web, 'web'), node(db, 'db', linux)], checks);
      await nagios.until('UP', () => state(`host ${db}`) === '0');
      tell([node(web, 'web'), node(db, 'db', { ...linux, state: 'leave', since: Date.now() })], checks);
      await nagios.until('its end', () => !nagios.status().has(`host ${db}`));
      expect(existsSync(join(nagios.objects, `${db}.cfg`))).toBe(false);
      expect(nagios.status().has(`host ${web}`)).toBe(true);
      expect(nagios.verify()).toMatchObject({ clean: true });
      expect(ctx.logs.filter(({ level }) => level === 'error')).toEqual([]);
    });

    it('a configuration that nagios4 -v refuses is never loaded, and the last good one comes back', async () => {
      await nagios.start();
      await start();
      tell([node(web, 'web')], { [web]: [check('load')] });
      await nagios.until('the host', () => nagios.status().has(`host ${web}`));
      const good = stamp(`${web}.cfg`);
      const restarts = nagios.log().split('Nagios 4').length;
      writeFileSync(
        join(nagios.folder, 'own.cfg'),
        readFileSync(join(nagios.folder, 'own.cfg'), 'utf8').replace('generic-host', 'lost'),
      );
      tell([node(web, 'web', { groups: ['new'] })], { [web]: [check('load')] });
      await nagios.until('the refusal', () => ctx.logs.some(({ level }) => level === 'error'));
      expect(ctx.logs.find(({ level }) => level === 'error')?.message).toMatch(
        /last good files are back: .*nagios4 -v.*[Ee]rror/,
      );
      expect(readdirSync(nagios.objects).sort()).toEqual([`${web}.cfg`, '_groups.cfg']);
      expect(stamp(`${web}.cfg`)).toBe(good);
      expect(nagios.log().split('Nagios 4').length).toBe(restarts);
      expect(ctx.emitted).toHaveLength(1);
    });

    it("a node by the name of the administrator's host holds up nobody, and nothing is told of that host", async () => {
      await nagios.start();
      await start();
      tell([node(web, 'web'), node('keeper', 'evil', { state: 'dead' })], {
        [web]: [check('load')],
        keeper: [check('self')],
      });
      await nagios.until('the other host', () => state(`service ${web}/Agent-load`) === '0');
      expect(nagios.verify()).toMatchObject({ clean: true });
      expect(ctx.logs.map(({ message }) => message)).toContainEqual(
        expect.stringMatching(/left out for what the tool said: keeper\.cfg$/),
      );
      expect(readdirSync(nagios.objects).sort()).toEqual([`${web}.cfg`, '_groups.cfg']);
      expect(nagios.log()).not.toContain('PROCESS_HOST_CHECK_RESULT;keeper');
    });

    it('values of hostile nodes are names and texts to it, and nothing else', async () => {
      const parts = [
        '\n',
        '}',
        ';x',
        '$USER1$',
        '\\',
        '\n}\ndefine host {\n host_name evil\n',
        'a,b',
        '+',
        '!*',
        '<b>',
        'é',
        '#',
        '`id`',
      ];
      const text = fc.array(fc.constantFrom(...parts), { maxLength: 6 }).map((all) => all.join(''));
      const hostile = fc.sample(fc.tuple(text, text, fc.array(text, { maxLength: 3 }), text), {
        numRuns: 60,
        seed: 7,
      });
      const nodes = hostile.map(([name, zone, groups], at) =>
        node(`evil-${at}`, name, { zone, groups, display_name: zone }),
      );
      const checks = hostile.map(([name, , , output], at): [string, NodeCheck[]] => [
        `evil-${at}`,
        [
          check('x', { id: `p/check/${name}`, output, perfdata: output }),
          check('sound', { output: `${output}\nlast` }),
        ],
      ]);
      await nagios.start();
      await start();
      tell(nodes, Object.fromEntries(checks));
      await nagios.until('all hosts', () => nagios.status().has('host evil-24'));
      await nagios.until('a result of each', () =>
        hostile.every((_, at) => state(`service evil-${at}/Agent-sound`) === '0'),
      );
      expect(nagios.verify()).toMatchObject({ clean: true });
      const hosts = [...nagios.cache().keys()].filter((key) => key.startsWith('host '));
      expect(hosts.sort()).toEqual(['host keeper', ...nodes.map(({ uuid }) => `host ${uuid}`)].sort());
      const services = [...nagios.cache().keys()].filter((key) => key.startsWith('service '));
      expect(services).toHaveLength(1 + 2 * nodes.length);
      expect([...nagios.status().values()].flatMap((values) => [...values.values()]).join()).not.toMatch(
        /USER1\$/,
      );
      expect(nagios.log()).not.toMatch(
        /could not be found|EXTERNAL COMMAND: (?!PROCESS_(HOST|SERVICE)_CHECK_RESULT;(evil|keeper))/,
      );
    });
  },
);

it.skipIf(icingaAbsent !== undefined && !isRequired)(
  `icinga2 daemon -C accepts its dialect${icingaAbsent === undefined ? '' : ` (skipped: ${icingaAbsent})`}`,
  async () => {
    const { folder } = nagios;
    writeFileSync(join(folder, 'icinga2.conf'), 'include <itl>\ninclude "opsbro/*.conf"\n');
    const user = userInfo().username;
    const group = execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim();
    const places = ['Data', 'Log', 'Cache', 'Spool', 'InitRun'].map((name) => `-D${name}Dir=${folder}`);
    const words = [...places, `-DRunAsUser=${user}`, `-DRunAsGroup=${group}`, '-DNodeName=here'];
    const verify = `icinga2 daemon -C -c ${folder}/icinga2.conf ${words.join(' ')}`;
    const icinga: Partial<Options> = {
      monitoring_tool: 'icinga2',
      verify_command: verify,
      reload_command: 'true',
    };
    await start({ ...icinga, host_template: '', service_template: '' });
    const groups = ['linux', 'a"b', 'x\ny', '$y$', '\\'];
    tell(
      [node(web, '"}\nobject Host "evil" {', { groups }), node(db, 'db', { addresses: ['2001:db8::1'] })],
      {
        [web]: [check('load'), check('other', { id: 'p/check/"} \\' })],
        [db]: [],
      },
    );
    await nagios.until(
      'its verdict',
      () => ctx.emitted.length > 0 || ctx.logs.some(({ level }) => level === 'error'),
    );
    expect(ctx.logs.filter(({ level }) => level === 'error')).toEqual([]);
    expect(readdirSync(nagios.objects).sort()).toEqual([`${web}.conf`, `${db}.conf`, '_groups.conf']);
    const said = execFileSync('sh', ['-c', verify], { encoding: 'utf8' });
    expect(said).toContain('Instantiated 2 Hosts.');
    expect(said).toContain('Instantiated 2 Services.');
    writeFileSync(join(nagios.objects, `${web}.conf`), 'object Host "x" {\n');
    expect(() => execFileSync('sh', ['-c', verify], { stdio: 'ignore' })).toThrow();
  },
);

function stamp(name: string): string {
  return readFileSync(join(nagios.objects, name), 'utf8');
}
