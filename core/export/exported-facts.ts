import type { CheckFact, ExportedFacts, JsonObject } from 'opsbro/sdk';
import { type CheckStatus, pendingStatus } from '../../alerting/model.ts';
import { perfdataText } from '../../alerting/routing/perfdata-text.ts';
import type { CheckObject } from '../../configuration/model.ts';
import type { HostDeps } from '../host/deps.ts';

/** What is known of this host now, for an exporter: plain data that no later change touches once it has crossed to a thread. */
export function exportedFacts(deps: HostDeps): ExportedFacts {
  const samples = [...deps.board.samples].map(([name, { tree }]): [string, JsonObject] => [name, tree]);
  return { ...factsWithoutSamples(deps), samples: Object.fromEntries(samples) };
}

/** The same without what was measured: small enough to be told at each change. */
export function factsWithoutSamples({ board, table, facts }: HostDeps): ExportedFacts {
  const { now, node, groups } = facts();
  return {
    at: now,
    node,
    groups: [...groups],
    samples: {},
    checks: table
      .of('check')
      .filter(({ active }) => active)
      .map(({ object }) => checkFact(object, board.verdicts.get(object.id) ?? pendingStatus))
      .sort((one, other) => (one.id < other.id ? -1 : 1)),
    zones: table.all().flatMap((object) => (object.kind === 'zone' ? [object.zone] : [])),
  };
}

function checkFact(object: CheckObject, status: CheckStatus): CheckFact {
  const { state, hard, output, longOutput, perfdata, since, lastRun, stale } = status;
  return {
    id: object.id,
    name: object.name,
    display_name: object.displayName,
    pack: object.pack,
    ...(object.ifGroup !== null && { if_group: object.ifGroup }),
    state,
    hard,
    output,
    long_output: longOutput,
    perfdata: perfdataText(perfdata),
    since,
    last_run: lastRun,
    stale,
    labels: object.labels,
  };
}
