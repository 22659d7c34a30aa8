import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ChildFacts,
  dependencyVerdict,
  isHardDown,
  type ParentFacts,
} from '../../../alerting/suppression/dependencies.ts';
import { type DependentCheck, dependencyGraph } from '../../../alerting/suppression/dependency-graph.ts';

const child = (facts: Partial<ChildFacts> = {}): ChildFacts => ({
  id: 'web',
  problemAt: 100_000,
  asOf: 100_000,
  waitMs: 10_000,
  ...facts,
});

const parent = (facts: Partial<ParentFacts> = {}): ParentFacts => ({
  id: 'net',
  state: 'ok',
  hard: true,
  asOf: 90_000,
  hardSince: 1000,
  ...facts,
});

describe('the problem of a check with dependencies', () => {
  it.each([
    ['is clear without parents', [], 100_000, 'clear'],
    ['waits for a run of its parent', [parent()], 100_000, 'wait parents net until 110000'],
    ['is clear once the parent ran after it', [parent({ asOf: 100_000 })], 100_001, 'clear'],
    ['is clear when the parent did not run in time', [parent()], 110_000, 'clear'],
    [
      'waits for a parent that never ran',
      [parent({ state: 'pending', asOf: null, hardSince: null })],
      100_000,
      'wait parents net until 110000',
    ],
    ['does not wait when the clock was set back', [parent({ asOf: 10_000 })], 20_000, 'clear'],
    [
      'does not wait for its own run when the clock was set back behind the recovery',
      [parent({ asOf: 120_000, hardSince: 120_000 })],
      110_000,
      'clear',
    ],
    [
      'waits while the parent is softly down',
      [parent({ state: 'critical', hard: false, asOf: 100_500 })],
      101_000,
      'wait parents  until 110000',
    ],
    [
      'is clear when the parent stays softly down',
      [parent({ state: 'critical', hard: false, asOf: 100_500 })],
      110_000,
      'clear',
    ],
    [
      'is suppressed while a parent is hard critical',
      [parent({ asOf: 100_500 }), parent({ id: 'dns', state: 'critical' })],
      500_000,
      'suppressed by dns',
    ],
    [
      'is suppressed while a parent is hard unknown',
      [parent({ state: 'unknown' })],
      100_000,
      'suppressed by net',
    ],
    ['is clear when the parent warns', [parent({ state: 'warning', asOf: 100_500 })], 100_600, 'clear'],
    [
      'is run again after its parent recovered',
      [parent({ asOf: 200_000, hardSince: 200_000 })],
      201_000,
      'wait recheck web until 210000',
    ],
    [
      'is clear when its own run did not come in time',
      [parent({ asOf: 200_000, hardSince: 200_000 })],
      210_000,
      'clear',
    ],
  ] as const)('%s', (_, parents, at, expected) => {
    expect(describeVerdict(child(), parents, at)).toBe(expected);
  });

  it('is clear once it was run again after the recovery', () => {
    const parents = [parent({ asOf: 200_000, hardSince: 200_000 })];
    expect(describeVerdict(child({ asOf: 200_500 }), parents, 201_000)).toBe('clear');
  });
});

function describeVerdict(facts: ChildFacts, parents: readonly ParentFacts[], at: number): string {
  const found = dependencyVerdict(facts, parents, at);
  if (found.verdict === 'clear') return 'clear';
  if (found.verdict === 'suppressed') return `suppressed by ${found.reasons.map(({ id }) => id).join()}`;
  return `wait ${found.for} ${found.run.join()} until ${found.until}`;
}

const run = fc.record({
  gapMs: fc.integer({ min: 1, max: 8000 }),
  who: fc.constantFrom('child', 'net', 'dns'),
  state: fc.constantFrom('ok', 'warning', 'critical', 'unknown'),
  hard: fc.boolean(),
});

/** A world in which checks run at random; what is asked to run, runs a moment later when `obeys`. */
function* history(runs: { gapMs: number; who: string; state: string; hard: boolean }[]) {
  const parents = new Map(['net', 'dns'].map((id) => [id, parent({ id, asOf: 0, hardSince: 0 })]));
  let facts = child({ problemAt: 0, asOf: 0 });
  let bad = false;
  let now = 0;
  for (const { gapMs, who, state, hard } of runs) {
    now += gapMs;
    const before = parents.get(who);
    if (before === undefined) {
      const isBad = state !== 'ok';
      facts = { ...facts, asOf: now, problemAt: isBad && !bad ? now : facts.problemAt };
      bad = isBad;
    } else {
      const after = {
        ...before,
        state: state as ParentFacts['state'],
        hard: state === 'ok' || hard,
        asOf: now,
      };
      const changes = after.hard && (after.state !== before.state || !before.hard);
      parents.set(who, { ...after, hardSince: changes ? now : before.hardSince });
    }
    if (bad) yield { facts, parents: [...parents.values()], now };
  }
}

describe('over random histories a problem', () => {
  const each = (assert: (moment: { facts: ChildFacts; parents: ParentFacts[]; now: number }) => void): void =>
    fc.assert(
      fc.property(fc.array(run, { maxLength: 40 }), (runs) => {
        for (const moment of history(runs)) assert(moment);
      }),
      { numRuns: 500 },
    );

  it('is never notified while a parent is hard-down, and only then suppressed', () => {
    each(({ facts, parents, now }) => {
      const { verdict } = dependencyVerdict(facts, parents, now);
      expect(verdict === 'suppressed').toBe(parents.some(isHardDown));
    });
  });

  it('is notified at the end of its wait at the latest, when no parent is hard-down', () => {
    each(({ facts, parents, now }) => {
      const up = parents.filter((one) => !isHardDown(one));
      const found = dependencyVerdict(facts, up, now);
      if (found.verdict !== 'wait') return;
      expect(found.until).toBeGreaterThan(now);
      expect(found.until).toBeLessThanOrEqual(now + facts.waitMs);
      const settled = Math.max(facts.problemAt, ...up.map(({ hardSince }) => hardSince ?? 0)) + facts.waitMs;
      expect(dependencyVerdict(facts, up, settled).verdict).toBe('clear');
    });
  });

  it('is notified before its wait ends only when all parents were seen up after it, and it after their recovery', () => {
    each(({ facts, parents, now }) => {
      if (dependencyVerdict(facts, parents, now).verdict !== 'clear') return;
      if (now < facts.problemAt + facts.waitMs)
        for (const { asOf, state } of parents) {
          expect(asOf).toBeGreaterThanOrEqual(facts.problemAt);
          expect(['ok', 'warning']).toContain(state);
        }
      for (const { hardSince, state } of parents)
        if (['ok', 'warning'].includes(state) && now < (hardSince ?? 0) + facts.waitMs)
          expect(facts.asOf).toBeGreaterThanOrEqual(hardSince ?? 0);
    });
  });

  it('is settled at once when what it asks for runs and is up', () => {
    each(({ facts, parents, now }) => {
      const found = dependencyVerdict(facts, parents, now);
      if (found.verdict !== 'wait' || parents.some(({ hard }) => !hard)) return;
      const ran = parents.map((one) => ({ ...one, asOf: now + 1 }));
      expect(dependencyVerdict({ ...facts, asOf: now + 1 }, ran, now + 1).verdict).toBe('clear');
    });
  });
});

const node = (id: string, ...dependsOn: string[]): DependentCheck => {
  const [pack = '', , name = ''] = id.includes('/') ? id.split('/') : ['p', 'check', id];
  return { id: `${pack}/check/${name}`, name, pack, dependsOn };
};

describe('the graph of dependencies', () => {
  it('gives what is above and below, by name or id', () => {
    const graph = dependencyGraph([
      node('web', 'php', 'group:online'),
      node('php', 'p/check/net'),
      node('net'),
    ]);
    expect(graph.findings).toEqual([]);
    expect(graph.above('p/check/web')).toEqual(['p/check/php', 'group:online', 'p/check/net']);
    expect(graph.below('p/check/net')).toEqual(['p/check/php', 'p/check/web']);
    expect(graph.below('group:online')).toEqual(['p/check/web']);
    expect(graph.above('p/check/net')).toEqual([]);
  });

  it('prefers the check of the same pack', () => {
    const graph = dependencyGraph([node('a/check/web', 'net'), node('a/check/net'), node('b/check/net')]);
    expect(graph.above('a/check/web')).toEqual(['a/check/net']);
  });

  it('says which names mean nothing, or several', () => {
    const graph = dependencyGraph([
      node('a/check/web', 'nett', 'net'),
      node('b/check/net'),
      node('c/check/net'),
    ]);
    expect(graph.findings).toEqual([
      {
        check: 'a/check/web',
        index: 0,
        message: "there is no check 'nett' to depend on; name a check or write 'group:NAME'",
      },
      {
        check: 'a/check/web',
        index: 1,
        message: "'net' may be b/check/net or c/check/net; write the whole id",
      },
    ]);
  });

  it.each([
    ['itself', [node('a', 'a')], 'p/check/a → p/check/a'],
    [
      'a circle of three',
      [node('a', 'b'), node('b', 'c'), node('c', 'a')],
      'p/check/c → p/check/a → p/check/b → p/check/c',
    ],
    [
      'a circle behind a chain',
      [node('x', 'a'), node('a', 'b'), node('b', 'a')],
      'p/check/b → p/check/a → p/check/b',
    ],
  ])('names %s and leaves the edge out that closes it', (_, checks, circle) => {
    const graph = dependencyGraph(checks);
    expect(graph.findings.map(({ message }) => message)).toEqual([
      `checks depend on each other in a circle: ${circle}; take one of these out`,
    ]);
    for (const { id } of checks) expect(graph.above(id)).not.toContain(id);
  });

  it('never leaves a circle, and finds none where there is none', () => {
    const edges = fc.array(fc.tuple(fc.nat(7), fc.nat(7)), { maxLength: 20 });
    fc.assert(
      fc.property(edges, fc.boolean(), (pairs, isTree) => {
        const kept = isTree ? pairs.filter(([from, to]) => from < to) : pairs;
        const checks = Array.from({ length: 8 }, (_, at) =>
          node(`n${at}`, ...kept.filter(([from]) => from === at).map(([, to]) => `n${to}`)),
        );
        const graph = dependencyGraph(checks);
        for (const { id } of checks) expect(graph.above(id)).not.toContain(id);
        if (isTree) expect(graph.findings).toEqual([]);
      }),
    );
  });

  it('takes a chain of ten thousand', () => {
    const chain = Array.from({ length: 10_000 }, (_, at) =>
      node(`n${at}`, ...(at > 0 ? [`n${at - 1}`] : [])),
    );
    expect(dependencyGraph(chain).above('p/check/n9999')).toHaveLength(9999);
  });
});
