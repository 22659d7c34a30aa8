import type { Context, FunctionContext, Manifest } from 'opsbro/sdk';
import { fillOptions, optionSchemaOf } from '../configuration/sources/options.ts';
import type { SandboxJob } from '../sandbox/engine/protocol.ts';
import { SandboxRun } from '../sandbox/engine/run.ts';
import { Tenant } from '../sandbox/engine/tenant.ts';
import type { Sandboxed } from '../sandbox/model.ts';
import { PendingLooks, pendingLooksBytes } from '../threads/context/pending-looks.ts';
import type { JobResult } from '../threads/protocol.ts';
import { definitionOf } from './definition.ts';
import { recordedCalls } from './recorded-calls.ts';
import { jobOf, type RunRequest } from './workshop.ts';

/** A plugin as a run of it needs it. */
type Piece = Omit<UnderTest, 'index'>;

/** The plugin whose own tests run. */
export interface UnderTest {
  /** Its `index`, an absolute path. */
  index: string;
  id: string;
  manifest: Manifest;
  sandbox: Sandboxed;
}

let runs = 0;

/**
 * What a plugin's own test gets in the place of its `index`: each call of a verb is a run in the sandbox's engine, within the manifest's limits,
 * over the host that the test's `ctx` has recorded, at the time of its clock.
 */
export function sandboxed({ id, manifest, sandbox }: Piece): object {
  return definitionOf(manifest, (request, ctx) => runHere({ id, manifest, sandbox }, request, ctx));
}

function runHere(piece: Piece, request: RunRequest, ctx: Context | FunctionContext): Promise<JobResult> {
  const table = new SharedArrayBuffer(pendingLooksBytes);
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(ctx.signal.reason);
    if (ctx.signal.aborted) return fail();
    ctx.signal.addEventListener('abort', fail, { once: true });
    const tenant = new Tenant(
      {
        data: {
          hostProc: '/proc',
          hostSys: '/sys',
          hostRoot: '/',
          environment: grantedVariables(piece, ctx),
        },
        looks: new PendingLooks(table, 1, () => 0),
        makeCalls: (parts) => recordedCalls(parts, ctx),
        errand: () => Promise.reject(new Error('a test has no agent')),
        watched: (_run, _patienceMs, act) => act(),
        ended: (_run, result) => {
          for (const { level, message, fields } of result.logs) ctx.log[level](message, fields);
          if ('emit' in ctx) for (const { topic, data } of result.emits?.kept ?? []) ctx.emit(topic, data);
          resolve(result);
        },
        lost: () => reject(new Error('the sandbox was lost')),
        now: () => ({ epoch: ctx.clock.now(), monotonic: ctx.clock.monotonic() }),
      },
      0,
    );
    runs += 1;
    // What a test leaves out of the options is what an object of config.d may leave out.
    const options = fillOptions(optionSchemaOf(piece.manifest), request.options ?? {});
    const job = { ...jobOf(piece, { ...request, options }), name: ctx.name };
    void tenant.start(new SandboxRun(runs, job as SandboxJob));
  });
}

/** Variables of the test's `ctx` that the manifest names; patterns with `*` name none here. */
function grantedVariables({ sandbox }: Piece, ctx: Context | FunctionContext): { [name: string]: string } {
  const found = (sandbox.permissions.env ?? []).map((name) => [name, ctx.env(name)] as const);
  return Object.fromEntries(found.filter((entry): entry is [string, string] => entry[1] !== undefined));
}
