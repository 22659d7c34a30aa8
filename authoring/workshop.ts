import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HandlerEvent, Json, JsonObject, Manifest } from 'opsbro/sdk';
import type { FunctionShapes } from 'opsbro/sdk/testing';
import { parseDuration } from '../configuration/sources/duration.ts';
import { fillOptions, optionSchemaOf, secretSchema } from '../configuration/sources/options.ts';
import { type SchemaFinding, validate } from '../configuration/sources/validate.ts';
import { systemClock } from '../core/clock.ts';
import { OpsbroError } from '../core/errors.ts';
import { bundlePlugin } from '../sandbox/approval/bundler.ts';
import type { SandboxFigures } from '../sandbox/budgets/ledger.ts';
import { type Bundle, bundleText, digestText, readBundle } from '../sandbox/bundle.ts';
import { SandboxPool } from '../sandbox/engine/pool.ts';
import { readLimits } from '../sandbox/limits.ts';
import type { Sandboxed } from '../sandbox/model.ts';
import type { Job, JobResult } from '../threads/protocol.ts';
import { createLocalErrands } from './errands.ts';

const defaultTimeoutMs = 10_000;
const closeMs = 500;

/** Puts one function in the place of a plugin's own, that tells of those. */
const askShapes = `{
  const own = Object.entries(Object(globalThis.opsbroPlugin).functions ?? {});
  const shapes = () => Object.fromEntries(own.map(([name, one]) =>
    [name, { length: Number(one.length), text: String(one).slice(0, 4000) }]));
  globalThis.opsbroPlugin = { functions: { shapes } };
}`;

const verbs = {
  collector: 'collect',
  detector: 'detect',
  check: 'check',
  handler: 'handle',
  exporter: 'export',
  functions: 'call',
} as const;

/** The verb of a kind, as a job names it. Throws `OPSBRO_CLI_USAGE` for a kind that no stranger's plugin has. */
export function verbOf({ kind }: Manifest): Job['type'] {
  if (Object.hasOwn(verbs, kind)) return verbs[kind as keyof typeof verbs];
  throw new OpsbroError('OPSBRO_CLI_USAGE', `plugins of the kind '${kind}' run in an agent alone`);
}

/** A plugin that is ready to run as its author has it now. */
export interface Workpiece {
  id: string;
  manifest: Manifest;
  sandbox: Sandboxed;
}

/** One run: what is beside the code. */
export interface RunRequest {
  options?: JsonObject;
  /** Kept up to date with what the run leaves. */
  state?: JsonObject;
  event?: HandlerEvent;
  facts?: JsonObject;
  /** `functions`: the one that is called, with what. */
  call?: { name: string; args: Json[] };
}

/** What a run came to, and what it used up. */
export interface WorkResult {
  result: JobResult;
  figures: SandboxFigures | undefined;
}

/**
 * Runs a plugin in the real sandbox without an agent, as its author works on it: nothing is approved, nothing is written but a bundle in a
 * temporary directory that goes with it. Keys of `ctx.kv` live as long as the workshop.
 */
export class Workshop {
  readonly #folder = mkdtempSync(join(tmpdir(), 'opsbro-workshop-'));
  readonly #pool: SandboxPool;

  constructor(environment: { [name: string]: string | undefined }) {
    const defined = Object.entries(environment).filter((entry): entry is [string, string] => !!entry[1]);
    this.#pool = new SandboxPool({
      threadData: {
        hostProc: environment.HOST_PROC ?? '/proc',
        hostSys: environment.HOST_SYS ?? '/sys',
        hostRoot: environment.HOST_ROOT ?? '/',
        environment: Object.fromEntries(defined),
      },
      clock: systemClock,
      errand: createLocalErrands(),
      onRepeated: () => undefined,
    });
  }

  /** Bundles the plugin at `path`; runs none of its code. Throws what is wrong with it, with its place. */
  async load(path: string): Promise<Workpiece> {
    if (!existsSync(path)) throw new OpsbroError('OPSBRO_CLI_USAGE', `${path} does not exist`);
    const { bundle } = await bundlePlugin(path);
    const { kind, name } = bundle.manifest;
    const id = `${kind}/${name}`;
    this.#pool.invalidate(id);
    return this.#pieceOf(id, bundle);
  }

  /** What the functions of a plugin look like where they run. Throws what its script does. */
  async shapes(piece: Workpiece): Promise<FunctionShapes> {
    const bundle = readBundle(piece.sandbox.bundle, piece.sandbox.digest);
    const asked = this.#pieceOf(`${piece.id} shapes`, { ...bundle, code: `${bundle.code}\n${askShapes}` });
    const { result } = await this.run(asked, { call: { name: 'shapes', args: [] } });
    if (result.status === 'done') return structuredClone(result.value) as unknown as FunctionShapes;
    throw new Error(result.status === 'failed' ? result.error.message : result.reason);
  }

  #pieceOf(id: string, bundle: Bundle): Workpiece {
    const { manifest } = bundle;
    const text = bundleText(bundle);
    const digest = digestText(text);
    const file = join(this.#folder, digest);
    writeFileSync(file, text, { mode: 0o600 });
    const { permissions = {}, limits } = manifest;
    return { id, manifest, sandbox: { bundle: file, digest, permissions, limits: readLimits(limits) } };
  }

  /** Runs its verb once. Never rejects for what the plugin does; throws `OPSBRO_CLI_USAGE` for options that do not fit the manifest. */
  async run(piece: Workpiece, request: RunRequest = {}): Promise<WorkResult> {
    const { id, manifest } = piece;
    const options = request.call === undefined ? checkedOptions(manifest, request.options ?? {}) : {};
    const { state = {} } = request;
    const result = await this.#pool.run(jobOf(piece, { ...request, state, options }));
    if (result.state) {
      for (const key of Object.keys(state)) delete state[key];
      Object.assign(state, result.state);
    }
    return { result, figures: this.#pool.figures(id) };
  }

  /** Ends its threads and removes what it wrote. */
  async close(): Promise<void> {
    await this.#pool.close(closeMs);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The job of one run, with the options as they are. */
export function jobOf({ id, manifest, sandbox }: Workpiece, request: RunRequest): Job {
  const { options = {}, state = {}, event, facts, call } = request;
  const schema = secretSchema(manifest.options);
  const timeout = call && manifest.functions?.[call.name]?.timeout;
  return {
    type: verbOf(manifest),
    plugin: id,
    module: '',
    sandbox,
    object: call?.name ?? id,
    name: manifest.name,
    options,
    state,
    timeoutMs: parseDuration(timeout ?? manifest.timeout) ?? defaultTimeoutMs,
    ...(schema && { schema }),
    ...(event && { event }),
    ...(facts && { facts }),
    ...(call && { args: filledArguments(manifest, call) }),
  };
}

/** The arguments with the manifest's defaults behind them, as an expression passes them. */
function filledArguments(manifest: Manifest, { name, args }: NonNullable<RunRequest['call']>): Json[] {
  const filled = [...args];
  for (const parameter of manifest.functions?.[name]?.parameters.slice(args.length) ?? []) {
    if (parameter.default === undefined) break;
    filled.push(parameter.default);
  }
  return filled;
}

function findings(schema: JsonObject, given: JsonObject, subject: string): SchemaFinding[] {
  try {
    return validate(schema, given, subject);
  } catch (error) {
    const { message } = error as Error;
    throw new OpsbroError('OPSBRO_CLI_USAGE', `the options of ${subject} are no JSON Schema: ${message}`);
  }
}

function wordsOf({ code, message }: SchemaFinding): string {
  return code === 'OPSBRO_CONFIG_MISSING_KEY' ? `${message}; give it by --option NAME=VALUE` : message;
}

/** The options with the manifest's defaults. Throws `OPSBRO_CLI_USAGE` with everything that does not fit. */
export function checkedOptions(manifest: Manifest, given: JsonObject): JsonObject {
  const schema = optionSchemaOf(manifest);
  const wrong = findings(schema, given, `${manifest.kind}/${manifest.name}`);
  if (wrong.length > 0) throw new OpsbroError('OPSBRO_CLI_USAGE', wrong.map(wordsOf).join('\n'));
  return fillOptions(schema, given);
}
