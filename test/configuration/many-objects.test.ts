import { afterEach, beforeEach, expect, it } from 'vitest';
import { createWorkbench, type Workbench } from './workbench.ts';

let bench: Workbench;

beforeEach(() => {
  bench = createWorkbench();
});

afterEach(() => bench.dispose());

const good = (index: number): string =>
  `check:\n  id: c${index}\n  interval: 30s\n  critical_if: "{{collector.cpustats.user}} > ${index}"\n  ok_output: "'fine ${index}'"\n`;

/** A fault of each kind, and where it is told; `%` is the number of the pack. */
const bad: [string, string, string][] = [
  ['OPSBRO_CONFIG_SYNTAX', 'check: [\n', '2:1'],
  ['OPSBRO_CONFIG_SYNTAX', 'check:\n\tcritical_if: "1 > 2"\n', '2:1'],
  ['OPSBRO_CONFIG_UNKNOWN_KEY', 'check:\n  intervall: 10s\n  critical_if: "1 > 2"\n', '2:3'],
  ['OPSBRO_CONFIG_UNKNOWN_KEY', 'nonsense: 1\n', '1:1'],
  ['OPSBRO_CONFIG_TYPE', 'check:\n  interval: often\n  critical_if: "1 > 2"\n', '2:13'],
  ['OPSBRO_EXPRESSION_SYNTAX', 'check:\n  critical_if: "1 >"\n', '2:20'],
  ['OPSBRO_EXPRESSION_UNKNOWN_FUNCTION', 'check:\n  critical_if: "nothere(1)"\n', '2:17'],
  ['OPSBRO_EXPRESSION_UNSUPPORTED', 'detector:\n  apply_if: "lambda: 1"\n  groups: [a]\n', '2:14'],
  ['OPSBRO_CONFIG_UNKNOWN_PLUGIN', 'collector:\n  id: more%\n  use: nosuch\n', '3:8'],
  ['OPSBRO_CONFIG_MISSING_KEY', 'detector:\n  groups: [a]\n', '1:1'],
];

it('loads 5,000 objects of which 50 are broken: each of those is told by place, once, and all others run', () => {
  for (let pack = 0; pack < 50; pack += 1) {
    const objects = Array.from({ length: 99 }, (_, index) => good(100 * pack + index));
    bench.write(`p${pack}/checks.yml`, objects.join('---\n'));
    bench.write(`p${pack}/bad.yml`, (bad[pack % bad.length]?.[1] ?? '').replace('%', String(pack)));
  }
  const running = bench.run();
  expect(running.filter(({ id }) => id.includes('/check/c'))).toHaveLength(4950);
  const plan = bench.load(running);
  expect([plan.start, plan.restart, plan.stop]).toEqual([[], [], []]);
  const told = plan.diagnostics
    .filter(({ severity }) => severity === 'error')
    .map(({ code, place }) => [place.file, code, `${place.line}:${place.column}`]);
  const expected = Array.from({ length: 50 }, (_, pack) => {
    const [code, , place] = bad[pack % bad.length] ?? [];
    return [bench.path(`p${pack}/bad.yml`), code, place];
  });
  expect(new Set(told)).toEqual(new Set(expected));
  expect(told).toHaveLength(50);
  // One change in such a crowd is a change of one.
  bench.write('p7/bad.yml', good(7777));
  expect(bench.load(running).start.map(({ id }) => id)).toEqual(['p7/check/c7777']);
});
