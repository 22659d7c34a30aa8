import {
  type Context,
  defineCheck,
  type Json,
  type JsonObject,
  metricOf,
  readQuantity,
  type Verdict,
  type VerdictState,
} from 'opsbro/sdk';
import { cursorAt, readCursor, startCursor } from './cursor.ts';
import { type Kept, type Progress, readNewLines } from './new-lines.ts';
import { lastingProblem, type Patterns, Tally } from './tally.ts';

/** The options of the manifest. */
export interface Options extends Patterns {
  path: string;
  from_start: boolean;
  absent: VerdictState;
  max_size: string;
}

/** Where to begin: where the last run stopped; at the first run at the end, or at the beginning of a log that is still to come. */
async function whereToBegin(ctx: Context<Options>): Promise<Kept> {
  const { path, from_start } = ctx.options;
  const cursor = ctx.state.path === path ? readCursor(ctx.state.cursor) : undefined;
  const older = ctx.state.older as JsonObject | undefined;
  const olderCursor = readCursor(older?.cursor);
  if (cursor !== undefined)
    return olderCursor === undefined
      ? { cursor }
      : { cursor, older: { cursor: olderCursor, untilMs: Number(older?.untilMs) } };
  const stat = await ctx.stat(path);
  if (stat === undefined || from_start) return { cursor: startCursor(stat?.modifiedMs ?? ctx.clock.now()) };
  const read = (offset: number, length: number) => ctx.readBytes(path, offset, length);
  return { cursor: await cursorAt(read, stat.sizeBytes, stat.modifiedMs) };
}

function remember(state: JsonObject, path: string, { cursor, older }: Progress): void {
  state.path = path;
  state.cursor = cursor as unknown as Json;
  if (older === undefined) delete state.older;
  else state.older = older as unknown as Json;
}

function verdict(ctx: Context<Options>, tally: Tally, { behind, missed }: Progress): Verdict {
  const { options, state } = ctx;
  const { path, warning_count: warning, critical_count: critical } = options;
  const problem = lastingProblem(state.problem, tally, options, ctx.clock.now());
  if (problem === undefined) delete state.problem;
  else state.problem = { ...problem };
  const lost = missed === undefined ? '' : `; ${missed}`;
  const rest = `${behind ? '; more is to be read at the next run' : ''}${lost}`;
  const others = tally.newest.slice(0, -1).reverse();
  const output = `${path}: ${(problem ?? tally.finding()).text}${rest}`;
  return {
    state: problem?.state ?? 'ok',
    output: [output, ...others].join('\n'),
    metrics: {
      lines: metricOf(tally.lines, '', {}, 0),
      critical: metricOf(tally.critical, '', { critical }, 0),
      warning: metricOf(tally.warning, '', { warning }, 0),
    },
  };
}

/** Reads what was written since the last run and judges its lines. */
export default defineCheck<Options>({
  async check(ctx) {
    const { options, state } = ctx;
    const { path, absent } = options;
    const tally = new Tally(options);
    const progress = await readNewLines(ctx, await whereToBegin(ctx), {
      path,
      maxBytes: readQuantity(options.max_size),
      onLine: (line) => tally.add(line),
    });
    remember(state, path, progress);
    const judged = verdict(ctx, tally, progress);
    if (judged.state !== 'ok' || (await ctx.stat(path)) !== undefined) return judged;
    return { ...judged, state: absent, output: `${path}: the log does not exist` };
  },
});
