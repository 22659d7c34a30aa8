import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterNode, Json, Manifest, NodeCheck, RouteRequest } from 'opsbro/sdk';
import { complianceSuite, type ServiceTestContext, serviceContext, testFacts } from 'opsbro/sdk/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { HandClock } from '../../../test/core/schedule/test-clock.ts';
import { Exporter } from './exporter.ts';
import shinken from './index.ts';
import type { Options } from './options.ts';

const self = 'aaaa0001';
const other = 'bbbb0002';

let folder: string;
let clock: HandClock;
let ctx: ServiceTestContext<Options>;
let exporter: Exporter | undefined;
const asked: RouteRequest[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'opsbro-shinken-'));
  clock = new HandClock();
  asked.length = 0;
});
afterEach(async () => {
  await exporter?.stop();
  rmSync(folder, { recursive: true });
});

const node = (uuid: string, more: Partial<ClusterNode> = {}): ClusterNode => ({
  uuid,
  name: `n-${uuid}`,
  display_name: '',
  addresses: ['10.0.0.1'],
  port: 6768,
  zone: 'internet',
  groups: ['linux'],
  state: 'alive',
  since: clock.now(),
  incarnation: 1,
  version: '1.0.0',
  protocol: [1, 1],
  proxy: false,
  checks_version: 1,
  failing: [],
  ...more,
});
const load: NodeCheck = {
  id: 'linux/check/load',
  name: 'load',
  pack: 'linux',
  state: 'ok',
  hard: true,
  since: 0,
  output: 'fine',
  perfdata: '',
};

function start(more: Partial<Options> = {}, state = {}): void {
  const options: Options = {
    monitoring_tool: 'shinken',
    cfg_path: join(folder, 'agent'),
    external_command_file: join(folder, 'pipe'),
    reload_command: `echo reload >> ${folder}/log`,
    reload_quiet: '2s',
    reload_latest: '30s',
    command_timeout: '20s',
    resend: '5m',
    hostgroup_prefix: '',
    forget_left: '300s',
    forget_dead: '72h',
    ...more,
  };
  const ask = async (request: RouteRequest) => {
    asked.push(request);
    return { status: 200, type: 'application/json', body: new Uint8Array() };
  };
  ctx = { ...serviceContext<Options>({ options, state, ask }), clock };
  const made = new Exporter(ctx, (ms, work) => clock.after(ms, work));
  made.start();
  exporter = made;
}

function tell(...nodes: ClusterNode[]): void {
  ctx.push('nodes', { self, zone: 'internet', zones: [], nodes } as unknown as Json);
}

/** Lets time pass, and then whatever began meanwhile come to its end. */
async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  await exporter?.settled();
}

const files = (): string[] =>
  existsSync(join(folder, 'agent')) ? readdirSync(join(folder, 'agent')).sort() : [];
const text = (uuid: string): string => readFileSync(join(folder, 'agent', `${uuid}.cfg`), 'utf8');
const reloads = (): number =>
  existsSync(join(folder, 'log')) ? readFileSync(join(folder, 'log'), 'utf8').split('reload').length - 1 : 0;
const errors = (): string[] =>
  ctx.logs.filter(({ level }) => level === 'error').map(({ message }) => message);

describe('the plugin', () => {
  const manifest = parse(readFileSync(new URL('plugin.yml', import.meta.url), 'utf8')) as Manifest;
  for (const suited of complianceSuite('exporter', new URL('./', import.meta.url), shinken, manifest))
    it.skipIf(suited.skip !== undefined)(suited.name, suited.run);

  it('starts and stops where nothing is told', async () => {
    start();
    const bare = serviceContext<Options>({ options: ctx.options });
    await shinken.start(bare);
    await shinken.stop();
    await shinken.stop();
    expect(bare.logs).toEqual([]);
  });
});

describe('a reload', () => {
  it('waits for quiet, at most until its deadline', async () => {
    start();
    tell(node(self));
    await pass(1000);
    for (let second = 0; second < 40 && reloads() === 0; second += 1) {
      tell(node(self, { groups: [`g${second}`] }));
      await pass(1000);
    }
    expect(text(self)).toContain('opsbro,g');
    const [, group] = /opsbro,g(\d+)/.exec(text(self)) ?? [];
    expect(Number(group)).toBeGreaterThan(25);
    tell(node(self, { groups: ['last'] }));
    await pass(1500);
    expect(reloads()).toBe(1);
    await pass(2000);
    expect(reloads()).toBe(2);
    await pass(600_000);
    expect(reloads()).toBe(2);
  });

  it('tells the agent, and the cluster where there is one', async () => {
    start();
    ctx.push('routes', [{ method: 'POST', path: '/api/v1/gossip/events', scope: 'write' }]);
    tell(node(self), node(other));
    await pass(3000);
    const payload = { tool: 'shinken', hosts: 2 };
    expect(ctx.emitted).toEqual([{ topic: 'shinken-restart', data: payload }]);
    expect(asked).toMatchObject([
      { route: '/api/v1/gossip/events', method: 'POST', body: { name: 'shinken-restart', payload } },
    ]);
  });

  it('does not happen when the tool refuses: the last good files come back, with the reason', async () => {
    const verify = `if grep -rq bad ${folder}/agent; then echo 'Checking'; echo 'Error: no such bad group'; exit 3; fi`;
    start({ verify_command: verify });
    tell(node(self), node(other));
    await pass(3000);
    expect([files(), reloads()]).toEqual([[`${self}.cfg`, `${other}.cfg`], 1]);
    const good = text(self);
    tell(node(self, { groups: ['bad'] }), node('cccc0003', { groups: ['bad'] }));
    await pass(3000);
    expect([files(), reloads(), text(self)]).toEqual([[`${self}.cfg`, `${other}.cfg`], 1, good]);
    expect(errors()).toEqual([
      expect.stringMatching(
        /last good files are back: verify_command '.*' exited 3: Error: no such bad group$/s,
      ),
    ]);
    tell(node(self, { groups: ['fine'] }), node('cccc0003'), node(other));
    await pass(3000);
    expect([files().length, reloads()]).toEqual([3, 2]);
  });

  it('is tried again, and never believed done, when its command fails or hangs', async () => {
    start({ reload_command: `test -e ${folder}/ready && echo reload >> ${folder}/log`, resend: '1m' });
    tell(node(self));
    await pass(3000);
    expect(errors()).toEqual([expect.stringContaining('exited 1')]);
    expect(ctx.emitted).toEqual([]);
    writeFileSync(join(folder, 'ready'), '');
    await pass(60_000);
    await pass(3000);
    expect([reloads(), ctx.emitted.length]).toEqual([1, 1]);
    await exporter?.stop();
    start({ reload_command: 'sleep 60', command_timeout: '50ms' });
    tell(node(self, { groups: ['new'] }));
    await pass(3000);
    expect(errors()).toEqual([expect.stringMatching(/^reload_command 'sleep 60' /)]);
  });
});

describe('a host', () => {
  it('goes when its time is over after its node left, or died', async () => {
    start({ forget_dead: '1h', resend: '20m' });
    tell(node(self), node(other, { state: 'leave' }), node('cccc0003', { state: 'dead' }));
    await pass(3000);
    expect(files()).toHaveLength(3);
    await pass(290_000);
    expect(files()).toHaveLength(3);
    await pass(8000);
    await pass(3000);
    expect(files()).toEqual([`${self}.cfg`, 'cccc0003.cfg']);
    await pass(3_200_000);
    await pass(3000);
    expect(files()).toHaveLength(2);
    await pass(180_000);
    await pass(3000);
    expect(files()).toEqual([`${self}.cfg`]);
  });

  it('neither goes nor stays for a wall clock that jumps by three days', async () => {
    start();
    const tellAll = (diedMs: number): void =>
      tell(node(self), node(other, { state: 'dead', since: clock.now() - diedMs }));
    tellAll(0);
    await pass(3000);
    clock.stepWall(72 * 3_600_000);
    await pass(301_000);
    await pass(3000);
    expect(files()).toHaveLength(2);
    // The cluster tells its times by the new clock.
    tellAll(304_000);
    await pass(3000);
    expect(files()).toHaveLength(2);
    clock.stepWall(-144 * 3_600_000);
    await pass(71 * 3_600_000);
    await pass(3000);
    expect(files()).toHaveLength(2);
    await pass(3_600_000);
    await pass(3000);
    expect(files()).toEqual([`${self}.cfg`]);
  });

  it('stays for a while when the cluster forgot its node, also over a restart', async () => {
    start();
    tell(node(self), node(other), node('cccc0003', { state: 'dead' }));
    await pass(3000);
    tell(node(self));
    await pass(3000);
    expect([files().length, reloads()]).toEqual([3, 1]);
    const { state } = ctx;
    await exporter?.stop();
    start({}, state);
    tell(node(self));
    await pass(3000);
    expect(files()).toHaveLength(3);
    await pass(300_000);
    await pass(3000);
    expect(files()).toEqual([`${self}.cfg`, 'cccc0003.cfg']);
    await exporter?.stop();
    start();
    tell(node(self), node(other));
    await pass(3000);
    expect(files()).toEqual([`${self}.cfg`, `${other}.cfg`, 'cccc0003.cfg']);
    await pass(301_000);
    await pass(3000);
    expect(files()).toHaveLength(2);
  });

  it('keeps its services until somebody tells what checks it has', async () => {
    start();
    ctx.push('node-details', { [other]: { uuid: other, version: 1, checks: [load] } } as unknown as Json);
    tell(node(self), node(other));
    await pass(3000);
    expect(text(other)).toContain('Agent-load');
    await exporter?.stop();
    start();
    tell(node(self), node(other, { groups: ['later'] }));
    await pass(3000);
    expect(text(other)).toContain('Agent-load');
    expect(text(other)).toContain('opsbro,later,');
    ctx.push('node-details', { [other]: { uuid: other, version: 2, checks: [] } } as unknown as Json);
    await pass(3000);
    expect(text(other)).not.toContain('Agent-load');
    expect(text(other)).toContain('opsbro,later,');
  });

  it('is this node itself, by its own facts, with a cluster or without', async () => {
    const facts = testFacts();
    const { uuid } = facts.node;
    start();
    ctx.push('facts', facts as unknown as Json);
    await pass(3000);
    expect(files()).toEqual([`${uuid}.cfg`]);
    expect(text(uuid)).toMatch(/use {12}agent,opsbro,debian,linux,internet\n/);
    expect(text(uuid)).toContain('Agent-load\n');
    ctx.push('node-details', { [uuid]: { uuid, version: 1, checks: [] } } as unknown as Json);
    tell(node(uuid, { groups: ['old'] }), node(other));
    await pass(3000);
    expect(text(uuid)).toMatch(/address {8}10\.0\.0\.1\n.*agent,opsbro,debian,linux,internet\n/);
    expect(text(uuid)).toContain('Agent-load\n');
  });

  it('is told of once when its uuid can be none, or its file is not ours', async () => {
    start();
    await pass(1000);
    tell(node('../../x'), node(self));
    await pass(3000);
    writeFileSync(join(folder, 'agent', `${other}.cfg`), 'mine\n');
    for (const name of ['a', 'b']) {
      tell(node('../../x'), node(self), node(other, { name }));
      await pass(3000);
    }
    const warned = ctx.logs.filter(({ level }) => level === 'warn').map(({ message }) => message);
    expect(warned.filter((message) => !message.includes('pipe'))).toEqual([
      'the node "../../x" is left out: its uuid is no name of a file',
      `${folder}/agent/${other}.cfg is left alone: it is not a file of this exporter`,
    ]);
    expect(text(other)).toBe('mine\n');
  });
});
