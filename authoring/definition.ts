import type { Context, FunctionContext, HandlerEvent, Json, JsonObject, Manifest } from 'opsbro/sdk';
import type { JobResult } from '../threads/protocol.ts';
import { type RunRequest, verbOf } from './workshop.ts';

/** Does one run somewhere else, with the options and state of `ctx`. */
export type RunElsewhere = (request: RunRequest, ctx: Context | FunctionContext) => Promise<JobResult>;

/** What a plugin's `index` exports by default, but for that each call is a run somewhere else: in a sandbox. */
export function definitionOf(manifest: Manifest, run: RunElsewhere): object {
  if (manifest.kind === 'functions') {
    const entries = Object.keys(manifest.functions ?? {}).map((name) => [
      name,
      async (ctx: FunctionContext, ...args: Json[]) => yieldOf(await run({ call: { name, args } }, ctx)),
    ]);
    return { functions: Object.fromEntries(entries) };
  }
  return {
    async [verbOf(manifest)](ctx: Context, given?: HandlerEvent | JsonObject): Promise<Json> {
      const { options, state } = ctx;
      const request: RunRequest = { options, state };
      if (manifest.kind === 'handler') request.event = given as HandlerEvent;
      if (manifest.kind === 'exporter') request.facts = given as JsonObject;
      const result = await run(request, ctx);
      if (result.state) {
        for (const key of Object.keys(state)) delete state[key];
        Object.assign(state, result.state);
      }
      if (result.status === 'not-eligible') return ctx.notEligible(result.reason);
      return yieldOf(result);
    },
  };
}

function yieldOf(result: JobResult): Json {
  // Of ordinary objects, as the plugin made them: what crossed has no prototypes.
  if (result.status === 'done') return structuredClone(result.value);
  if (result.status === 'not-eligible') throw new Error(`not eligible: ${result.reason}`);
  const { code, message, data } = result.error;
  throw Object.assign(new Error(message), { code, ...(data !== undefined && { data }) });
}
