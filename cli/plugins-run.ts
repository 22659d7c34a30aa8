import type { EventType, Json, JsonObject, Metric } from 'opsbro/sdk';
import { eventTypes, sampleEvent, sampleFacts } from '../authoring/sample-input.ts';
import {
  checkedOptions,
  type RunRequest,
  type Workpiece,
  type WorkResult,
  Workshop,
} from '../authoring/workshop.ts';
import { parseDuration } from '../configuration/sources/duration.ts';
import { OpsbroError } from '../core/errors.ts';
import type { CliContext } from './context.ts';
import { paintState } from './paint.ts';
import { formatBytes, formatMs } from './quantities.ts';
import { plain } from './table.ts';
import { valueLines } from './value-lines.ts';

/** How a plugin's options are given. */
export interface GivenOptions {
  options?: string;
  option?: string[];
}

/** What `plugins run` and `plugins dev` take. */
export interface RunOptions extends GivenOptions {
  once?: boolean;
  event?: string;
  call?: string;
  args?: string;
}

/** Runs the plugin at `path` in the sandbox: once, or at its interval until it is interrupted. Exit 1 when a run that is the only one failed. */
export async function runPlugin(cli: CliContext, path: string, given: RunOptions): Promise<void> {
  const workshop = new Workshop(cli.process.env);
  try {
    const piece = await workshop.load(path);
    const request = requestOf(piece, given);
    const end = interrupted(cli);
    do {
      const worked = await workshop.run(piece, request);
      showRun(cli, piece, worked);
      if (given.once && worked.result.status === 'failed') cli.exitCode = 1;
    } while (given.once !== true && (await end.after(intervalOf(piece))));
  } finally {
    await workshop.close();
  }
}

/** The time from one run to the next, ms. */
export function intervalOf({ manifest }: Workpiece): number {
  return parseDuration(manifest.interval) ?? 10_000;
}

/** Waits that end at once when the command is to end. */
export function interrupted(cli: CliContext): { after(ms: number): Promise<boolean> } {
  const ended = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ended.abort());
  cli.process.outputLost?.addEventListener('abort', () => ended.abort(), { once: true });
  const { signal } = ended;
  return {
    after: (ms) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve(false);
        const done = (): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', done);
          resolve(!signal.aborted);
        };
        const timer = setTimeout(done, ms);
        signal.addEventListener('abort', done);
      }),
  };
}

/** What the runs are given. Throws `OPSBRO_CLI_USAGE` for what does not fit the plugin. */
export function requestOf({ manifest }: Workpiece, given: RunOptions): RunRequest {
  const options = givenOptions(given);
  const state: JsonObject = {};
  if (manifest.kind === 'functions')
    return { call: calledFunction(Object.keys(manifest.functions ?? {}), given) };
  checkedOptions(manifest, options);
  if (manifest.kind === 'handler') return { options, state, event: sampleEvent(eventOf(given)) };
  if (manifest.kind === 'exporter') return { options, state, facts: sampleFacts() };
  return { options, state };
}

function eventOf({ event = 'test' }: RunOptions): EventType {
  const type = eventTypes.find((one) => one === event);
  if (type !== undefined) return type;
  throw new OpsbroError(
    'OPSBRO_CLI_USAGE',
    `there is no event '${event}'; there is ${eventTypes.join(', ')}`,
  );
}

/** The options as one object; a later one wins. Throws `OPSBRO_CLI_USAGE`. */
export function givenOptions({ options, option = [] }: GivenOptions): JsonObject {
  const whole = options === undefined ? {} : jsonOf(options, '--options');
  if (typeof whole !== 'object' || whole === null || Array.isArray(whole))
    throw new OpsbroError('OPSBRO_CLI_USAGE', '--options takes a JSON object such as \'{"path": "/tmp"}\'');
  const single = option.map((text): [string, Json] => {
    const at = text.indexOf('=');
    if (at < 1) throw new OpsbroError('OPSBRO_CLI_USAGE', `--option takes NAME=VALUE, found '${text}'`);
    return [text.slice(0, at), readValue(text.slice(at + 1))];
  });
  return { ...whole, ...Object.fromEntries(single) };
}

/** JSON where it is some, else the text itself. */
function readValue(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

function jsonOf(text: string, option: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (thrown) {
    throw new OpsbroError('OPSBRO_CLI_USAGE', `${option} is no JSON: ${(thrown as Error).message}`);
  }
}

function calledFunction(names: string[], { call, args = '[]' }: RunOptions): RunRequest['call'] & object {
  const name = call ?? (names.length === 1 ? names[0] : undefined);
  if (name === undefined || !names.includes(name)) {
    const wrong = name === undefined ? '' : `there is no function '${name}'; `;
    throw new OpsbroError('OPSBRO_CLI_USAGE', `${wrong}name one by --call: ${names.join(', ')}`);
  }
  const list = jsonOf(args, '--args');
  if (!Array.isArray(list))
    throw new OpsbroError('OPSBRO_CLI_USAGE', `--args takes a JSON list such as '["/tmp"]'`);
  return { name, args: list };
}

/** Prints what a run yielded, what it used up, and what it was denied. */
export function showRun(
  cli: CliContext,
  { id, manifest, sandbox }: Workpiece,
  { result, figures }: WorkResult,
): void {
  const used = {
    cpu_ms: figures?.cpu_ms ?? null,
    memory_bytes: figures?.memory_bytes ?? null,
    host_calls: figures?.host_calls ?? 0,
    denied: figures?.denied ?? null,
  };
  const { logs, durationMs } = result;
  const { kept: emitted = [], dropped = 0 } = result.emits ?? {};
  const found =
    result.status === 'done'
      ? { value: result.value }
      : result.status === 'failed'
        ? { error: { ...result.error } }
        : { reason: result.reason };
  cli.show({ id, status: result.status, ...found, duration_ms: durationMs, logs, emitted, ...used }, () => {
    const { limits } = sandbox;
    return [
      ...outcomeLines(cli, manifest.kind, result),
      ...logs.map(({ level, message }) => cli.paint.dim(`log ${level}: ${plain(message)}`)),
      ...emitted.map(({ topic, data }) => cli.paint.dim(`event ${topic}: ${plain(JSON.stringify(data))}`)),
      ...(dropped === 0 ? [] : [cli.paint.yellow(`events dropped: ${dropped}`)]),
      cli.paint.dim(
        `took ${formatMs(durationMs)}, CPU ${formatMs(used.cpu_ms)} of ${formatMs(limits.cpuMs)}, ` +
          `${formatBytes(used.memory_bytes ?? 0)} of ${formatBytes(limits.memoryBytes)}, ` +
          `calls of the host so far: ${used.host_calls}`,
      ),
      ...(used.denied === null ? [] : [cli.paint.yellow(`denied: ${plain(used.denied)}`)]),
    ].join('\n');
  });
}

function outcomeLines(cli: CliContext, kind: string, result: WorkResult['result']): string[] {
  if (result.status === 'not-eligible') return [cli.paint.yellow(`not eligible: ${plain(result.reason)}`)];
  if (result.status === 'failed') {
    const { code, message, data } = result.error;
    const frames = (data as { stack?: unknown } | undefined)?.stack;
    const stack = Array.isArray(frames) ? frames.map((frame) => `  at ${plain(String(frame))}`) : [];
    return [cli.paint.red(`${code}: ${plain(message)}`), ...stack];
  }
  const { value } = result;
  if (kind === 'handler' || kind === 'exporter') return [cli.paint.green('done')];
  if (kind !== 'check' || !isVerdict(value))
    return valueLines(value, kind === 'detector' ? 'groups' : 'value');
  const metrics = Object.entries(value.metrics ?? {}).map(
    ([name, one]) => `  ${plain(name)} ${one.value}${one.unit ?? ''}`,
  );
  return [`${paintState(cli.paint, value.state)}  ${plain(value.output)}`, ...metrics];
}

function isVerdict(
  value: Json,
): value is Json & { state: string; output: string; metrics?: { [name: string]: Metric } } {
  const { state, output } = (value ?? {}) as { state?: unknown; output?: unknown };
  return typeof state === 'string' && typeof output === 'string';
}
