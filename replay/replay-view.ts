import { compare } from '../alerting/history/compare.ts';
import type { Gap } from '../alerting/history/presence.ts';
import type { CheckObject } from '../configuration/model.ts';
import { isoTime, lifeView, unmonitoredMs } from './life-view.ts';
import type { Machine } from './machine.ts';
import type { Notified, ReplayRequest, ReplayView, ResolutionView, SourceView } from './model.ts';
import type { ReadCollectors } from './replay.ts';
import type { ReplayedDecision } from './simulation.ts';
import { eachPoint } from './stored-collector.ts';

/** What the replay of one check came to. */
export interface Replayed {
  check: CheckObject;
  request: ReplayRequest;
  refusal: string | null;
  machine: Machine | undefined;
  collectors: ReadCollectors;
  decisions: readonly ReplayedDecision[];
  gaps: readonly Gap[];
  /** What it depends on and could not be run again. */
  parents: readonly { id: string; isRecorded: boolean }[];
}

/** The replay of one check as people and scripts get it. Pure. */
export function replayView(replayed: Replayed): ReplayView {
  const { check, request, refusal, machine, collectors, decisions, gaps } = replayed;
  const { since, until } = request;
  const { id, name, place } = check;
  const span = { since, until, knownSince: null, gaps };
  const recorded = request.recorded.get(id);
  const told = (all: readonly ReplayedDecision[]): Notified[] =>
    all
      .filter(({ outcome }) => outcome === 'told')
      .map(({ at, handler, state, reason }) => ({
        at,
        handler: handlerName(request, handler),
        state,
        reason,
      }));
  const life = machine && { id, status: machine.status, changes: machine.changes };
  return {
    id,
    name,
    place,
    refused: refusal,
    resolution: resolutions(collectors, request),
    sources: sourcesOf(collectors),
    runs: machine?.runs ?? 0,
    unmonitored_seconds: unmonitoredMs(gaps, since, until) / 1000,
    would: life === undefined ? null : lifeView({ ...life, notifications: told(decisions) }, span),
    held: heldOf(decisions, request),
    did: recorded === undefined ? null : lifeView({ id, ...recorded }, span),
    agreement_percent: life === undefined || recorded === undefined ? null : agreement(life, recorded, span),
    notes: notesOf(replayed),
  };
}

function agreement(
  would: Pick<Machine, 'status' | 'changes'>,
  did: Pick<Machine, 'status' | 'changes'>,
  span: Parameters<typeof compare>[3],
): number | null {
  const named = (id: string, { changes }: typeof would) => changes.map((change) => ({ ...change, id }));
  return compare(
    [...named('would', would), ...named('did', did)],
    { id: 'would', status: would.status },
    { id: 'did', status: did.status },
    span,
  ).agreementPercent;
}

/** Decisions name a handler by its id or its name. */
function handlerName({ configuration }: ReplayRequest, handler: string): string {
  return configuration.handlers.find(({ id }) => id === handler)?.name ?? handler;
}

function heldOf(decisions: readonly ReplayedDecision[], request: ReplayRequest): ReplayView['held'] {
  const held = new Map<string, ReplayView['held'][number]>();
  for (const { outcome, handler, reason, at, state } of decisions) {
    if ((outcome !== 'held' && outcome !== 'not-wanted') || state === 'ok') continue;
    const key = `${handler}\n${reason}`;
    const known = held.get(key);
    if (known !== undefined) known.count += 1;
    else held.set(key, { handler: handlerName(request, handler), reason, from: isoTime(at), count: 1 });
  }
  return [...held.values()];
}

function sourcesOf(collectors: ReadCollectors): SourceView[] {
  const all = [...collectors.values()].flatMap(({ stored }) => stored.sources);
  return [...new Map(all.map((source) => [source.key, source])).values()];
}

/** The archives that were read, in order of time. */
function resolutions(collectors: ReadCollectors, { since, until }: ReplayRequest): ResolutionView[] {
  const found = new Map<string, ResolutionView>();
  for (const { stored } of collectors.values())
    for (const { pieces } of stored.pieces)
      for (const piece of pieces) {
        const { archive, aggregation, step } = piece;
        const times: number[] = [];
        eachPoint(piece, (time) => times.push(time));
        const points = times.length;
        if (points === 0) continue;
        const from = Math.max(since, (times[0] as number) * 1000);
        const end = Math.min(until, ((times.at(-1) as number) + step) * 1000);
        const known = found.get(`${archive} ${aggregation}`);
        found.set(`${archive} ${aggregation}`, {
          archive,
          step_seconds: step,
          aggregation,
          from: isoTime(Math.min(from, known === undefined ? from : Date.parse(known.from))),
          until: isoTime(Math.max(end, known === undefined ? end : Date.parse(known.until))),
          series: (known?.series ?? 0) + 1,
          points: (known?.points ?? 0) + points,
        });
      }
  return [...found.values()].sort((one, other) => (one.from < other.from ? -1 : 1));
}

function notesOf(replayed: Replayed): string[] {
  const { check, request, refusal, collectors, gaps, parents } = replayed;
  if (refusal !== null) return [];
  const { since, until } = request;
  const notes: string[] = [];
  const missing = sourcesOf(collectors).filter(({ kind }) => kind === 'none');
  if (missing.length > 0)
    notes.push(`nothing is stored of ${list(missing.map(({ key }) => key))}: missing in every run`);
  const { functions = [] } = check.program ?? {};
  if (functions.length > 0)
    notes.push(
      `nothing is stored of what ${list(functions.map((name) => `${name}()`))} gave: runs that ask for it fail`,
    );
  const undated = [...collectors].filter(([, { stored }]) => stored.isUndated && stored.times.length > 0);
  for (const [name] of undated)
    notes.push(`collector ${name} gives no numbers: what it gave last counts as fresh until it changes`);
  const unmonitored = unmonitoredMs(gaps, since, until);
  if (unmonitored >= until - since) notes.push('nothing is stored of this node in this time');
  if (!check.enabled) notes.push('it is not enabled: it is replayed as if it were');
  const { ifGroup } = check;
  if (ifGroup !== null && ifGroup !== '*' && !request.groups.includes(ifGroup))
    notes.push(`its group ${ifGroup} does not hold on this node now: it is replayed as if it did`);
  for (const { id, isRecorded } of parents)
    notes.push(
      isRecorded
        ? `it depends on ${id}, which cannot be run again: its real states are taken`
        : `it depends on ${id}, which cannot be run again, and nothing is known of its real states`,
    );
  return notes;
}

function list(names: readonly string[]): string {
  return [...new Set(names)].join(', ');
}
