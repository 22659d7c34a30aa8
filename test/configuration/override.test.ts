import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CheckObject, ConfigObject } from '../../configuration/model.ts';
import { createWorkbench, lines, type Workbench } from './workbench.ts';

const base = `check:
  interval: 10s
  notes: shipped
  thresholds: {low: 1}
  critical_if: "{{collector.cpustats.idle}} < {{configuration.thresholds.low}}"
  tests:
    - {given: {cpustats: {idle: 0}}, expect: {state: critical}}
`;
let made: Workbench;

beforeEach(() => {
  made = createWorkbench(['config.d', 'etc', 'over']);
  made.write('linux/monitoring/cpu.yml', base);
});

afterEach(() => made.dispose());

const find = (name: string): ConfigObject | undefined =>
  made.load().start.find(({ id }) => id === `linux/${name}`);
const cpu = (): CheckObject => find('check/cpu') as CheckObject;

describe('a partial file over a shipped object', () => {
  it('overrides only the keys it has', () => {
    const before = cpu();
    made.write('/over/linux/monitoring/cpu.yml', 'check: {enabled: false}\n');
    expect(lines(made.load().diagnostics)).toEqual([]);
    expect(cpu()).toMatchObject({ enabled: false, intervalMs: 10_000, notes: 'shipped' });
    expect(cpu().program).toEqual(before.program);
    expect(cpu().tests.map(({ place }) => place)).toEqual([
      { file: made.path('linux/monitoring/cpu.yml'), line: 7, column: 7 },
    ]);
    expect(cpu().place.file).toBe(made.path('/over/linux/monitoring/cpu.yml'));
  });

  it('restarts the object when the lower or the upper file changes, and gives it back when the upper goes', () => {
    const upper = '/over/linux/cpu.yml';
    made.write(upper, 'check: {interval: 30s}\n');
    let running = made.run();
    expect(made.load(running)).toMatchObject({ start: [], restart: [], stop: [] });
    for (const [path, text] of [
      ['linux/monitoring/cpu.yml', base.replace('low: 1', 'low: 2')],
      [upper, 'check: {interval: 40s}\n'],
    ] as const) {
      made.write(path, text);
      expect(made.load(running).restart.map(({ id }) => id)).toEqual(['linux/check/cpu']);
      running = made.run(running);
    }
    rmSync(made.path(upper));
    expect(made.load(running).restart).toMatchObject([{ id: 'linux/check/cpu', intervalMs: 10_000 }]);
  });

  it('is itself overridden by a later directory', () => {
    made.write('/etc/linux/cpu.yml', 'check: {interval: 30s, attempts: 3}\n');
    made.write('/over/linux/cpu.yml', 'check: {interval: 50s}\n');
    expect(cpu()).toMatchObject({ intervalMs: 50_000, attempts: 3, notes: 'shipped' });
  });

  it.each([
    ['enable: false', { enabled: false }],
    ['notes: null', { notes: 'none' }],
    ['thresholds: {low: 5}', { data: { thresholds: { low: 5 } }, tests: [] }],
    ['labels: {team: web}', { labels: { team: 'web' }, tests: [{}] }],
    ['use: rule', { notes: 'none', data: {} }],
  ])('%s gives %j', (text, expected) => {
    made.write('linux/monitoring/cpu.yml', base.replace('notes', 'enabled: true\n  notes'));
    const rest = text.startsWith('use') ? ', critical_if: "1 > 2"' : '';
    made.write('/over/linux/cpu.yml', `check: {${text}${rest}}\n`);
    expect({ notes: 'none', ...cpu() }).toMatchObject(expected);
  });

  it('names its own file for its own errors', () => {
    made.write('/over/linux/cpu.yml', 'check: {intervall: 30s}\n');
    const plan = made.load();
    expect(plan.badFiles).toEqual([made.path('/over/linux/cpu.yml')]);
    expect(plan.start.find(({ id }) => id === 'linux/check/cpu')).toMatchObject({ intervalMs: 10_000 });
  });

  it('keeps what runs while the file below it is bad', () => {
    made.write('/over/linux/cpu.yml', 'check: {interval: 30s}\n');
    const running = made.run();
    made.write('linux/monitoring/cpu.yml', base.replace('low: 1', 'low: 2').replace('notes', 'nodes'));
    const plan = made.load(running);
    expect(plan).toMatchObject({ start: [], restart: [], stop: [] });
    made.write('linux/monitoring/cpu.yml', base);
    expect(made.load(running)).toMatchObject({ start: [], restart: [], stop: [], badFiles: [] });
  });

  it('keeps a detector from running twice when its file names no plugin', () => {
    made.write('linux/clouds.yml', 'detector: {use: cloud, interval: 1h}\n');
    made.write('/over/linux/clouds.yml', 'detector: {interval: 2h}\n');
    expect(find('detector/clouds')).toMatchObject({ plugin: 'detector/cloud', intervalMs: 7_200_000 });
    expect(made.load().start.filter(({ plugin }) => plugin === 'detector/cloud')).toHaveLength(1);
  });
});
