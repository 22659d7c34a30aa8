import type { Clock, Context, Json, JsonObject, Log } from 'opsbro/sdk';
import { LeveledLog } from '../../core/leveled-log.ts';
import type { Errand } from '../../sandbox/model.ts';
import type { LogLine, ThreadData } from '../protocol.ts';
import { createRender } from '../templates/render.ts';
import { execute } from './host-exec.ts';
import { createHostFiles } from './host-files.ts';
import { createHttp } from './http.ts';
import { createKeys } from './keys.ts';
import type { PendingLooks } from './pending-looks.ts';
import { createTcp } from './tcp.ts';
import { copyTree, type TreeLimits } from './tree.ts';

const maxLines = 100;
const maxMessage = 2048;
const fieldLimits: TreeLimits = {
  depth: 8,
  leaves: 200,
  stringBytes: 8192,
  totalBytes: 16 * 1024,
  code: 'OPSBRO_PLUGIN_RESULT',
  notFinite: 'drop',
};

/** What a context is made of. */
export interface ContextParts {
  data: ThreadData;
  name: string;
  options: JsonObject;
  state: JsonObject;
  signal: AbortSignal;
  log: Log;
  emit: Context['emit'];
  /** The thread's shared cells. */
  cells: Int32Array;
  looks: PendingLooks;
  /** Asks the main thread. */
  errand(errand: Errand): Promise<Json>;
}

/**
 * The clock of every thread. `monotonic` counts from the machine's boot, not from the thread's start as `performance.now()` does, so that
 * what one thread stored in `ctx.state` can be compared in another.
 */
export const threadClock: Clock = {
  now: () => Date.now(),
  monotonic: () => {
    const [seconds, nanoseconds] = process.hrtime();
    return seconds * 1e3 + nanoseconds / 1e6;
  },
};

/** Thrown by `ctx.notEligible`; told apart by its class, which no plugin can reach. */
export class NotEligible extends Error {}

/** The context trusted code gets for one run: Node's own API behind the paths, limits and error codes that `Context` promises. */
export function createContext(parts: ContextParts): Context {
  const { data, signal, cells } = parts;
  const env: Context['env'] = (name) =>
    Object.hasOwn(data.environment, name) ? data.environment[name] : undefined;
  return {
    options: parts.options,
    name: parts.name,
    signal,
    log: parts.log,
    clock: threadClock,
    state: parts.state,
    emit: parts.emit,
    ...createHostFiles(data, signal, parts.looks),
    exec: (file, args, options = {}) => execute(file, args, { ...options, signal, cells }),
    http: createHttp(signal, env),
    tcp: createTcp(signal),
    kv: createKeys(parts.errand),
    render: createRender(signal),
    env,
    notEligible: (reason) => {
      throw new NotEligible(String(reason).slice(0, maxMessage));
    },
  };
}

/** Keeps the first hundred lines of a run and counts the rest. */
export class RunLog extends LeveledLog {
  readonly lines: LogLine[] = [];
  dropped = 0;

  protected pass(level: LogLine['level'], message: string, fields?: JsonObject): void {
    if (this.lines.length >= maxLines) {
      this.dropped += 1;
      return;
    }
    this.lines.push(logLine(level, message, fields));
  }
}

/** One line of log as plain data of bounded size; fields that are not plain data are named as such. */
export function logLine(level: LogLine['level'], message: string, fields?: JsonObject): LogLine {
  const text = typeof message === 'string' ? message : '(not a text)';
  const line: LogLine = { level, message: text.length > maxMessage ? `${text.slice(0, maxMessage)}…` : text };
  if (fields === undefined) return line;
  try {
    line.fields = copyTree(fields, fieldLimits).value as JsonObject;
  } catch {
    line.fields = { fields: 'not plain data' satisfies Json };
  }
  return line;
}
