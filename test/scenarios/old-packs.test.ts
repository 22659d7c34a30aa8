import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { Configuration } from '../../configuration/loader.ts';
import type { ConfigPlan } from '../../configuration/model.ts';
import { compileCheck, compileDetector, compileValue } from '../../language/compile.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const tree = join(root, 'test', 'scenarios', 'packs', 'tree');
let plan: ConfigPlan;

beforeAll(() => {
  const configuration = new Configuration({ compileCheck, compileDetector, compileValue }, null);
  plan = configuration.load(
    {
      config: [join(root, 'config.d'), tree],
      plugins: { manifests: join(root, 'plugins'), modules: join(root, 'dist', 'plugins') },
      locks: [],
    },
    [],
  );
});

const ofTree = (): string[] =>
  plan.start.filter(({ place }) => place.file.startsWith(tree)).map(({ id }) => id);

describe('packs written for OpsBro', () => {
  it('load without an edit', () => {
    const errors = plan.diagnostics.filter(
      ({ severity, place }) => severity === 'error' && place.file.startsWith(tree),
    );
    expect(errors).toEqual([]);
    expect(ofTree().sort()).toEqual([
      'host/check/cpu',
      'host/check/disks',
      'host/detector/centos',
      'host/detector/older',
      'local/handler/slack',
      'local/service/dns',
      'queue/check/depth',
      'queue/detector/queue',
      'queue/handler/default',
      'redis/check/redis',
      'redis/dashboard/redis-overall',
      'redis/detector/redis',
      'redis/package/package',
      'web/check/http',
    ]);
  });

  it('say by warnings what is sloppy in them', () => {
    const warnings = plan.diagnostics
      .filter(({ place }) => place.file.startsWith(tree))
      .map(({ place, message }) => `${place.file.slice(tree.length + 1)}:${place.line} ${message}`);
    for (const expected of [
      /^packs\/redis\/parameters\/parameters.yml:11 the key 'latency_warning' is given twice/,
      /^packs\/redis\/monitoring\/redis.yml:9 .*parameters.threshold.latency_warning/,
      /^packs\/queue\/monitoring\/depth.yml:\d+ .*parameters.depth/,
      /^packs\/queue\/monitoring\/depth.yml:\d+ .*rabbitmq/,
      /^packs\/queue\/compliance\/rights.yml:1 'compliance' is not installed/,
      /^packs\/queue\/generators\/queue.yml:1 'generator' is not installed/,
      /^packs\/redis\/tutorials\/first\/tutorial.yml:1 'tutorial' is not installed/,
    ])
      expect(
        warnings.filter((line) => expected.test(line)),
        `${expected}\n${warnings.join('\n')}`,
      ).not.toEqual([]);
  });

  it('mean what they meant: thresholds, spellings, macros', () => {
    const find = (id: string) => plan.start.find((object) => object.id === id);
    expect(find('host/check/cpu')).toMatchObject({
      ifGroup: 'linux',
      data: { thresholds: { cpuidle: { warning: 5, critical: 1 } } },
    });
    const cpu = find('host/check/cpu') as {
      program: { constants: unknown[]; references: { text: string }[] };
    };
    expect(cpu.program.constants).toEqual(expect.arrayContaining([5, 1]));
    expect(cpu.program.references.map(({ text }) => text)).toEqual(['collector.cpustats.cpuall.%idle']);
    expect(find('host/detector/older')).toMatchObject({ options: { add_groups: ['older'] } });
    expect(find('web/check/http')).toMatchObject({
      data: { http: { warning: 1, critical: 2 }, port: 80 },
      intervalMs: 60_000,
    });
    expect(find('queue/detector/queue')).toMatchObject({ intervalMs: 86_400_000 });
    expect(plan.agent).toMatchObject({
      logLevel: 'warn',
      variables: { nagiosplugins: '/usr/lib/nagios/plugins' },
    });
  });
});
