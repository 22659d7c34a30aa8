import { dependencyGraph } from '../alerting/suppression/dependency-graph.ts';
import type { CheckObject, CollectorObject } from '../configuration/model.ts';
import type { TimerClock } from '../core/clock.ts';
import type { Reference } from '../language/program.ts';
import { cleanStep, type StoredHistory, stepsOf } from '../plugins/listeners/graphite/history.ts';
import { Judge } from './judge.ts';
import { isoTime } from './life-view.ts';
import { Machine } from './machine.ts';
import type { ReplayRequest, ReplaysView } from './model.ts';
import { storedGaps, storedTime } from './presence.ts';
import { replayView } from './replay-view.ts';
import { Sight, startsOf } from './sight.ts';
import { Simulation } from './simulation.ts';
import { type ReadSpan, StoredCollector } from './stored-collector.ts';

export { StoredHistory } from '../plugins/listeners/graphite/history.ts';

/** What a replay works with. */
export interface ReplayTools {
  history: StoredHistory;
  /** The time that evaluations take goes by it; nothing else does. */
  clock: TimerClock;
  /** Called now and then: what is done of 1. */
  progress(share: number): void;
}

/** Checks that a stored history cannot be shown to, by id: why. */
type Refusals = Map<string, string>;

/** What was read of each collector, by lower-case name. */
export type ReadCollectors = Map<string, { stored: StoredCollector; object: CollectorObject | undefined }>;

/**
 * Runs checks again over what was stored: what would have been found, for how long, and who would have been told, beside what really happened.
 * Gives the same for the same files and the same request. What it depends on runs along. Reads files in turns of the loop.
 */
export async function replay(request: ReplayRequest, tools: ReplayTools): Promise<ReplaysView> {
  const { configuration, since, until, now } = request;
  const span: ReadSpan = { from: since / 1000, until: until / 1000, now: Math.floor(now / 1000) };
  const node = cleanStep(request.node.name);
  const steps = stepsOf(configuration.collectors.map(({ name }) => name));
  const witnesses = configuration.collectors.map(({ intervalMs, enabled }, index) => ({
    step: steps[index] as string,
    intervalMs: enabled ? intervalMs : Number.MAX_SAFE_INTEGER,
  }));
  const gaps = storedGaps(tools.history, node, witnesses, span);
  const stored = storedTime(tools.history, node, witnesses, span.now);
  const involved = involvedChecks(request);
  const refusals: Refusals = new Map();
  const read: { [check: string]: ReadCollectors } = {};
  const machines: Machine[] = [];
  const judge = new Judge(tools.clock, request);
  try {
    for (const [index, check] of involved.entries()) {
      const refusal = refusalOf(check);
      if (refusal !== null) {
        refusals.set(check.id, refusal);
        continue;
      }
      const collectors = readFor(check, { request, history: tools.history, node, steps, span });
      read[check.id] = collectors;
      const starts = startsOf(since, until, gaps);
      machines.push(new Machine(check, await Sight.of(check, collectors, starts, until, judge), since));
      tools.progress((0.5 * (index + 1)) / involved.length);
    }
  } finally {
    judge.stop();
  }
  const told = new Set(request.ids);
  const simulation = new Simulation({
    request,
    machines,
    told,
    gaps,
    progress: (at) => tools.progress(0.5 + (0.5 * (at - since)) / Math.max(1, until - since)),
  });
  await simulation.run();
  const checks = involved.filter(({ id }) => told.has(id));
  return {
    since: isoTime(since),
    until: isoTime(until),
    history: stored && { from: isoTime(stored.from * 1000), until: isoTime(stored.until * 1000) },
    checks: checks.map((check) =>
      replayView({
        check,
        request,
        refusal: refusals.get(check.id) ?? null,
        machine: machines.find((machine) => machine.check.id === check.id),
        collectors: read[check.id] ?? new Map(),
        decisions: simulation.decisions.filter((decision) => decision.check === check.id),
        gaps,
        parents: parentsOf(request, check, refusals),
      }),
    ),
  };
}

/** The checks of the request, behind those that they depend on. */
function involvedChecks({ configuration, ids }: ReplayRequest): CheckObject[] {
  const graph = dependencyGraph(configuration.checks);
  const parents = new Set(ids.flatMap((id) => graph.above(id)));
  const of = (some: ReadonlySet<string>): CheckObject[] =>
    configuration.checks.filter(({ id }) => some.has(id)).sort((one, other) => (one.id < other.id ? -1 : 1));
  const told = new Set(ids);
  return [...of(new Set([...parents].filter((id) => !told.has(id)))), ...of(told)];
}

/** What a check depends on and could not be run again: it is taken as its history has it. */
function parentsOf({ configuration, recorded }: ReplayRequest, check: CheckObject, refusals: Refusals) {
  const above = dependencyGraph(configuration.checks).above(check.id);
  return above.filter((id) => refusals.has(id)).map((id) => ({ id, isRecorded: recorded.has(id) }));
}

function refusalOf({ program, plugin, command }: CheckObject): string | null {
  if (program !== undefined) return null;
  if (command !== undefined || plugin === 'check/nagios')
    return (
      'it runs a script: only the figures it printed are stored, not what it would say of them with other arguments; ' +
      'a rule over a collector can be replayed, and `mode: shadow` tries a script beside the old one'
    );
  return `it runs ${plugin}, which looks at the host itself: nothing is stored of what it saw`;
}

function readFor(
  { program }: CheckObject,
  about: {
    request: ReplayRequest;
    history: StoredHistory;
    node: string;
    steps: readonly string[];
    span: ReadSpan;
  },
): ReadCollectors {
  const { collectors } = about.request.configuration;
  const byName = new Map<string, Reference[]>();
  for (const reference of program?.references ?? []) {
    const name = reference.collector.toLowerCase();
    byName.set(name, [...(byName.get(name) ?? []), reference]);
  }
  return new Map(
    [...byName].map(([name, references]) => {
      const index = collectors.findIndex((one) => one.name.toLowerCase() === name);
      const place = { node: about.node, step: about.steps[index] ?? cleanStep(name) };
      const stored = StoredCollector.open(about.history, place, references, about.span);
      return [name, { stored, object: collectors[index] }];
    }),
  );
}
