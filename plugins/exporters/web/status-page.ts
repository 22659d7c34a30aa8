import type { CheckFact, ExportedFacts, NodesSnapshot } from 'opsbro/sdk';
import { checkMatcher, isPlain } from './check-patterns.ts';
import type { StatusPageOptions } from './options.ts';
import { escaped, type ShownState, severity, shownState, worst } from './shown-state.ts';

const mostLines = 500;
/** Whoever asks may ask often: for so long a page is not made anew. */
const keptMs = 1000;
const words: { [state in ShownState]: string } = {
  ok: 'Operational',
  warning: 'Degraded',
  critical: 'Down',
  unknown: 'Unknown',
  stale: 'No recent data',
  pending: 'Not checked yet',
};

/** What the page is made of. */
export interface StatusFacts {
  facts: ExportedFacts | undefined;
  nodes: NodesSnapshot | undefined;
  /** Epoch milliseconds. */
  now: number;
  /** Monotonic milliseconds. */
  monotonic: number;
}

/** One line of the page. */
export interface StatusLine {
  name: string;
  state: ShownState;
}

type Find = (checks: readonly CheckFact[], named: ReadonlyMap<string, CheckFact[]>) => CheckFact[];

/** The checks and groups that the configuration names, and nothing else: a name that fits no check is unknown, a pattern that fits none is nothing. */
export class StatusPage {
  readonly #options: StatusPageOptions;
  readonly #patterns: readonly { pattern: string; find: Find }[];
  #kept: { page: string; at: number } | undefined;

  constructor(options: StatusPageOptions) {
    this.#options = options;
    this.#patterns = options.checks.map((pattern) => {
      if (isPlain(pattern)) return { pattern, find: (_, named) => named.get(pattern) ?? [] };
      const fits = checkMatcher([pattern]);
      return { pattern, find: (checks) => checks.filter(fits) };
    });
  }

  /** The page, without a script: it is of the moment that it was asked for, to a second, and says so. */
  page(facts: StatusFacts): string {
    const isKept = this.#kept !== undefined && facts.monotonic - this.#kept.at < keptMs;
    if (!isKept)
      this.#kept = { page: render(this.#options.title, this.lines(facts), facts.now), at: facts.monotonic };
    return this.#kept?.page ?? '';
  }

  /** Every line, in the order of the configuration. */
  lines({ facts, nodes }: Pick<StatusFacts, 'facts' | 'nodes'>): StatusLine[] {
    const known = facts?.checks ?? [];
    const ofGroups = this.#options.groups.map((name) => ({
      name,
      state: groupState(name, known, facts?.node.uuid, nodes),
    }));
    const named = byIdAndName(known);
    const seen = new Set<string>();
    const ofChecks = this.#patterns.flatMap(({ pattern, find }): StatusLine[] => {
      const found = find(known, named);
      if (found.length === 0 && isPlain(pattern)) return [{ name: pattern, state: 'unknown' }];
      return found
        .filter(({ id }) => !seen.has(id) && seen.add(id))
        .map((check) => ({ name: check.display_name, state: shownState(check) }));
    });
    return [...ofGroups, ...ofChecks];
  }
}

function byIdAndName(checks: readonly CheckFact[]): Map<string, CheckFact[]> {
  const named = new Map<string, CheckFact[]>();
  for (const check of checks)
    for (const name of new Set([check.id, check.name])) {
      const same = named.get(name);
      if (same === undefined) named.set(name, [check]);
      else same.push(check);
    }
  return named;
}

/** The worst of the checks here that are for a group, and of what other nodes in it say. */
function groupState(
  group: string,
  checks: readonly CheckFact[],
  own: string | undefined,
  nodes: NodesSnapshot | undefined,
): ShownState {
  const here = checks.filter((check) => check.if_group === group).map(shownState);
  const others = (nodes?.nodes ?? [])
    .filter((node) => node.uuid !== own && node.state !== 'leave' && node.groups.includes(group))
    .map(
      ({ state, failing }): ShownState =>
        state === 'dead' || failing.includes(group) ? 'critical' : state === 'suspect' ? 'unknown' : 'ok',
    );
  return worst([...here, ...others]);
}

/** What does not fit is left out from the best on; the word above the lines is of all of them. */
function render(givenTitle: string, every: readonly StatusLine[], now: number): string {
  const hidden = every.length - mostLines;
  const lines =
    hidden <= 0
      ? every
      : [...every].sort((one, other) => severity(one.state) - severity(other.state)).slice(0, mostLines);
  const all = worst(every.map(({ state }) => state));
  const at = new Date(now).toISOString();
  const title = escaped(givenTitle);
  const rows = lines.map(
    ({ name, state }) =>
      `<li><span class="name">${escaped(name)}</span> <span class="state ${state}">${words[state]}</span></li>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex">
<title>${title}: ${words[all]}</title><link rel="icon" href="data:,"><link rel="stylesheet" href="status.css"></head>
<body><main><h1>${title}</h1>
<p class="all ${all}">${all === 'ok' ? 'Everything is operational' : words[all]}</p>
<ul>
${rows.join('\n')}
</ul>${hidden > 0 ? `\n<p>${hidden} more, none of them worse, are not shown.</p>` : ''}
<p class="at">As of <time datetime="${at}">${at.slice(0, 19).replace('T', ' ')} UTC</time></p>
</main></body></html>
`;
}

/** Looks of the page, light and dark. */
export const statusStyle = `:root { color-scheme: light dark; --ok: #1a7f37; --warning: #9a6700; --critical: #cf222e; --other: #57606a; --line: #d0d7de; }
@media (prefers-color-scheme: dark) { :root { --ok: #3fb950; --warning: #d29922; --critical: #ff7b72; --other: #9ea7b3; --line: #3d444d; } }
body { margin: 0; background: Canvas; color: CanvasText; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 44rem; margin: 0 auto; padding: 1.5rem 1rem; }
h1 { margin: 0 0 1rem; font-size: 1.5rem; overflow-wrap: anywhere; }
.all { margin: 0 0 1rem; padding: 0.75rem 1rem; border: 1px solid var(--line); border-left: 0.5rem solid currentcolor; border-radius: 0.25rem; font-weight: 600; }
ul { margin: 0; padding: 0; list-style: none; }
li { display: flex; justify-content: space-between; gap: 1rem; padding: 0.5rem 0; border-bottom: 1px solid var(--line); }
.name { overflow-wrap: anywhere; min-width: 0; }
.state { white-space: nowrap; font-weight: 600; }
.ok { color: var(--ok); } .warning { color: var(--warning); } .critical { color: var(--critical); }
.unknown, .stale, .pending, .at { color: var(--other); }
`;
