import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { proposeApproval, recordApproval } from '../../sandbox/approval/approve.ts';
import { createWorkbench, lines, type Workbench } from './workbench.ts';

const manifest = `api: 1
kind: exporter
name: graphite-out
summary: Sends figures.
interval: 30s
options:
  type: object
  additionalProperties: false
  properties:
    host: {type: string, default: localhost}
`;
let made: Workbench;

beforeEach(() => {
  made = createWorkbench();
  made.write('a/out/plugin.yml', manifest);
  made.write('a/out/index.js', 'export default { export() {} };\n');
});

afterEach(() => made.dispose());

async function approve(): Promise<void> {
  const lock = join(made.root, 'plugins.lock');
  const proposal = await proposeApproval(made.path('a/out'), lock, { trust: true });
  await recordApproval(proposal, lock, { by: 'tester', at: '2026-01-01T00:00:00.000Z' });
}

describe("a top-level key equal to an exporter's name", () => {
  it('is an object that runs on the scheduler, with its options', async () => {
    await approve();
    made.write('a/here.yml', 'graphite-out: {host: g1, enabled_if_group: web}\n');
    const plan = made.load();
    expect(lines(plan.diagnostics)).toEqual([]);
    expect(plan.start.find(({ kind }) => kind === 'exporter')).toMatchObject({
      id: 'a/exporter/graphite-out',
      plugin: 'exporter/graphite-out',
      intervalMs: 30_000,
      ifGroup: 'web',
      options: { host: 'g1' },
    });
  });

  it('is one by its defaults where nothing is said below it', async () => {
    await approve();
    made.write('a/here.yml', 'graphite-out: {}\n');
    expect(made.load().start.find(({ kind }) => kind === 'exporter')).toMatchObject({
      options: { host: 'localhost' },
    });
  });

  it('starts by a key of agent.yml that its manifest names, and tells the plugin whether its own does', async () => {
    const options = `    enabled: {type: boolean, default: false}
    store: {type: object, inherits: store, properties: {enabled: {type: boolean, default: false}}}
`;
    made.write(
      'a/out/plugin.yml',
      `${manifest.replace('interval: 30s', 'runs: service\nenabled_by: store')}${options}`,
    );
    await approve();
    const started = () => made.load().start.find(({ kind }) => kind === 'service');
    expect(started()).toBeUndefined();
    made.write('agent.yml', 'store: {enabled: true, max_names: 7}\n');
    expect(started()).toMatchObject({
      id: 'core/service/graphite-out',
      enabled: true,
      options: { enabled: false, host: 'localhost', store: { enabled: true, max_names: 7 } },
    });
    made.write('a/here.yml', 'graphite-out: {enabled: true}\n');
    expect(started()).toMatchObject({ id: 'a/service/graphite-out', options: { enabled: true } });
    made.write('agent.yml', 'store: {enabled: false}\n');
    made.write('a/here.yml', 'graphite-out: {enabled: false}\n');
    expect(started()).toMatchObject({ enabled: false });
  });

  it('is a service where the plugin runs as one', async () => {
    made.write('a/out/plugin.yml', `${manifest.replace('interval: 30s', 'runs: service')}`);
    await approve();
    made.write('a/here.yml', 'graphite-out: {host: g1, enabled_if_group: web}\n');
    const plan = made.load();
    expect(lines(plan.diagnostics)).toEqual([]);
    expect(plan.start.find(({ kind }) => kind === 'service')).toMatchObject({
      id: 'a/service/graphite-out',
      plugin: 'exporter/graphite-out',
      enabledIfGroup: 'web',
      options: { host: 'g1' },
    });
  });

  it('is no mistake while the plugin waits for approval', () => {
    made.write('a/here.yml', 'graphite-out: {host: g1}\n');
    const plan = made.load();
    expect(lines(plan.diagnostics)).toEqual([
      "here.yml:1:1 warning the plugin exporter/graphite-out waits for approval, see 'opsbro plugins approve exporter/graphite-out'; the exporter is not started",
    ]);
    expect(plan.start.some(({ kind }) => kind === 'exporter')).toBe(false);
  });

  it('with a wrong option is told with its place', async () => {
    await approve();
    made.write('a/here.yml', 'graphite-out:\n  hosst: g1\n');
    expect(lines(made.load().diagnostics)).toEqual([
      "here.yml:2:3 error the key 'hosst' does not exist in exporter/graphite-out; did you mean 'host'?",
    ]);
  });
});
