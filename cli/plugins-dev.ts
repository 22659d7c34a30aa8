import { resolve } from 'node:path';
import type { JsonObject } from 'opsbro/sdk';
import { fingerprint } from '../authoring/fingerprint.ts';
import { type RunRequest, type Workpiece, Workshop } from '../authoring/workshop.ts';
import type { CliContext } from './context.ts';
import { interrupted, intervalOf, type RunOptions, requestOf, showRun } from './plugins-run.ts';

const lookMs = 250;

/**
 * Runs the plugin at `path` in the sandbox at its interval, and with its new code within a second of each write, until it is interrupted. Memory
 * (`ctx.state`) is kept over both. What is wrong is printed and the next write waited for. Approves nothing.
 */
export async function developPlugin(cli: CliContext, path: string, given: RunOptions): Promise<void> {
  const workshop = new Workshop(cli.process.env);
  const end = interrupted(cli);
  const file = resolve(path);
  let seen = '';
  let ready: { piece: Workpiece; request: RunRequest } | undefined;
  const state: JsonObject = {};
  let dueMs = 0;
  try {
    do {
      const now = fingerprint(file);
      if (now !== seen) {
        seen = now;
        ready = await load(cli, workshop, path, given);
        if (ready !== undefined) ready.request.state = state;
        dueMs = 0;
      }
      if (ready !== undefined && performance.now() >= dueMs) {
        showRun(cli, ready.piece, await workshop.run(ready.piece, ready.request));
        dueMs = performance.now() + intervalOf(ready.piece);
      }
    } while (await end.after(lookMs));
  } finally {
    await workshop.close();
  }
}

async function load(
  cli: CliContext,
  workshop: Workshop,
  path: string,
  given: RunOptions,
): Promise<{ piece: Workpiece; request: RunRequest } | undefined> {
  try {
    const piece = await workshop.load(path);
    const request = requestOf(piece, given);
    cli.note(cli.paint.bold(`${piece.id} loaded; waiting for writes, ctrl-c ends`));
    return { piece, request };
  } catch (error) {
    cli.noteError(error);
    return undefined;
  }
}
