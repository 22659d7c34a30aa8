import { constants, fstatSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';
import type { Clock, Json, JsonObject } from 'opsbro/sdk';
import pino from 'pino';
import { LogRing } from '../control/log-ring.ts';
import type { LogsView } from '../control/log-shapes.ts';
import { systemClock } from './clock.ts';
import { LeveledLog } from './leveled-log.ts';

/** What is logged: events at this level and above. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Counts since the start and the newest troubles, oldest first, for `opsbro agent info`. */
export interface LogFigures {
  errors: number;
  warnings: number;
  last: { at: string; level: string; message: string }[];
}

/**
 * The agent's log: one line an event, never blocking. A line holds `at`, `level`, `message` and the fields given; those whose
 * names tell of a secret are masked, wherever they lie. When the reader of the output lags by more than 4 MiB, further lines are dropped and counted.
 */
export interface AgentLog {
  debug(message: string, fields?: JsonObject): void;
  info(message: string, fields?: JsonObject): void;
  warn(message: string, fields?: JsonObject): void;
  error(message: string, fields?: JsonObject): void;
  /** Unknown names leave the level as it is. */
  setLevel(level: string): void;
  figures(): LogFigures;
  /** The last events whatever the level, for those who follow: see `LogRing.read`. */
  read(after: number | null, part: string | null): LogsView;
  /** Lines dropped because the output lagged. */
  dropped(): number;
  /** Resolves once every line is handed to the operating system, or after 500 ms. */
  close(): Promise<void>;
}

/** Where and how a log is written. */
export interface LogOptions {
  level: string;
  /** A path or a file descriptor; default standard output. */
  destination?: string | number;
  /** One line for people instead of JSON; default: the destination is a terminal and `NO_COLOR`-aware. */
  pretty?: boolean;
  clock?: Clock;
}

const levels = ['debug', 'info', 'warn', 'error'] as const;
const keptTroubles = 20;
const maxWaitingBytes = 4 * 1024 * 1024;
const maxMessageLength = 4096;
/** Within the five seconds an agent has to stop, after what it waits for itself. */
const closeDeadlineMs = 500;
const maxDepth = 32;
const secretName =
  /pass(word|wd|phrase)?$|secret|token|credential|api_?key|private_?key|authorization|community/i;

/** Opens the log. Nothing written to it throws; a destination that fails drops lines. */
export function createLog(options: LogOptions): AgentLog {
  const fd = options.destination ?? 1;
  const clock = options.clock ?? systemClock;
  const pretty = options.pretty ?? (typeof fd === 'number' && isatty(fd));
  const output = openOutput(fd);
  const color = pretty && (process.env.NO_COLOR ?? '') === '';
  const stream = pretty ? { write: (line: string) => output.write(prettyLine(line, color)) } : output;
  const logger = pino(
    {
      level: isLevel(options.level) ? options.level : 'info',
      base: null,
      messageKey: 'message',
      timestamp: () => `,"at":"${new Date(clock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
  return new PinoLog(logger, clock, output);
}

type Destination = ReturnType<typeof pino.destination>;

interface Output {
  write(line: string): void;
  dropped(): number;
  close(): Promise<void>;
}

/** Lines leave by an asynchronous, bounded buffer. One that is closed or whose reader is gone drops them. */
function openOutput(target: string | number): Output {
  const destination = pino.destination({
    dest: typeof target === 'number' ? unblocked(target) : target,
    sync: false,
    maxLength: maxWaitingBytes,
    mkdir: false,
  });
  let dropped = 0;
  let closing: Promise<void> | null = null;
  // Called as the process exits. It tries again for ever what a full disk refused.
  const { flushSync } = destination;
  let isFailing = false;
  destination.flushSync = () => {
    if (!isFailing) flushSync.call(destination);
  };
  destination.on('write', () => {
    isFailing = false;
  });
  destination.on('error', () => {
    isFailing = true;
    dropped += 1;
  });
  destination.on('drop', () => {
    dropped += 1;
  });
  return {
    write(line) {
      if (closing) dropped += 1;
      else destination.write(line);
    },
    dropped: () => dropped,
    close() {
      closing ??= closeDestination(destination);
      return closing;
    },
  };
}

/**
 * The same pipe or terminal, opened anew, so that a write to a full one is tried again later and no I/O thread hangs in it: that would keep the
 * process from exiting. The descriptor itself is shared with other processes, so its flags are left alone. A socket cannot be opened anew.
 */
function unblocked(fd: number): number {
  try {
    if (fstatSync(fd).isFile()) return fd;
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return fd;
  }
}

class PinoLog extends LeveledLog implements AgentLog {
  readonly #logger: pino.Logger;
  readonly #clock: Clock;
  readonly #output: Output;
  readonly #counts = { error: 0, warn: 0 };
  readonly #ring: LogRing;
  #last: LogFigures['last'] = [];

  constructor(logger: pino.Logger, clock: Clock, output: Output) {
    super();
    this.#logger = logger;
    this.#clock = clock;
    this.#output = output;
    this.#ring = new LogRing(clock);
  }

  protected pass(level: LogLevel, message: string, fields: JsonObject = {}): void {
    const text = message.slice(0, maxMessageLength);
    if (level === 'error' || level === 'warn') this.#remember(level, text, fields);
    const isWritten = this.#logger.isLevelEnabled(level);
    const part = typeof fields.plugin === 'string' ? fields.plugin : 'agent';
    const isKept = isWritten || level !== 'debug' || this.#ring.isFollowed(part);
    if (!isKept) return;
    const shown = masked(fields);
    if (isWritten) this.#logger[level](shown, text);
    const { plugin: _, ...rest } = shown;
    const at = new Date(this.#clock.now()).toISOString();
    this.#ring.add({ at, level, part, message: text, fields: rest });
  }

  #remember(level: 'error' | 'warn', message: string, fields: JsonObject): void {
    this.#counts[level] += 1;
    const plugin = typeof fields.plugin === 'string' ? `${fields.plugin}: ` : '';
    const reason = typeof fields.reason === 'string' ? `: ${fields.reason.slice(0, maxMessageLength)}` : '';
    const at = new Date(this.#clock.now()).toISOString();
    this.#last.push({ at, level, message: `${plugin}${message}${reason}` });
    if (this.#last.length > keptTroubles) this.#last.shift();
  }

  setLevel(level: string): void {
    if (isLevel(level)) this.#logger.level = level;
  }

  figures(): LogFigures {
    return { errors: this.#counts.error, warnings: this.#counts.warn, last: [...this.#last] };
  }

  read(after: number | null, part: string | null): LogsView {
    return this.#ring.read(after, part);
  }

  dropped(): number {
    return this.#output.dropped();
  }

  close(): Promise<void> {
    return this.#output.close();
  }
}

function isLevel(level: string): level is LogLevel {
  return (levels as readonly string[]).includes(level);
}

/** A copy whose secret-sounding fields show `***`. Own names of pino's line are kept out of the way. */
function masked(fields: JsonObject): JsonObject {
  const entries = Object.entries(fields).map(([name, value]): [string, Json] => {
    const key = name === 'level' || name === 'at' || name === 'message' ? `${name}_` : name;
    return [key, maskedField(name, value, 1)];
  });
  return Object.fromEntries(entries);
}

function maskedField(name: string, value: Json, depth: number): Json {
  return secretName.test(name) && value !== null ? '***' : maskedValue(value, depth);
}

function maskedValue(value: Json, depth: number): Json {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > maxDepth) return '…';
  if (Array.isArray(value)) return value.map((item) => maskedValue(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, maskedField(name, item, depth + 1)]),
  );
}

const paint = { debug: '2', info: '32', warn: '33', error: '31' } as const;

/** `12:00:01 warn  collector/memory: a run failed  code=… reason="…"`, on one line whatever the fields hold. */
function prettyLine(line: string, color: boolean): string {
  const { level, at, message, plugin, ...fields } = JSON.parse(line) as JsonObject;
  const label = String(level).padEnd(5);
  const code = paint[String(level) as LogLevel] ?? '0';
  const who = typeof plugin === 'string' ? `${plugin}: ` : '';
  const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${shown(value)}`);
  const text = `${who}${message}`.replaceAll(/[\x00-\x1f\x7f]/g, ' ');
  const time = new Date(String(at)).toTimeString().slice(0, 8);
  return `${time} ${color ? `\x1b[${code}m${label}\x1b[0m` : label} ${text}${rest.join('')}\n`;
}

function shown(value: unknown): string {
  return typeof value === 'string' && /^[\w./:@%+-]+$/.test(value) ? value : JSON.stringify(value);
}

/** `flush` of an unbuffered SonicBoom calls back before the write under way ended; `end` waits for it, and leaves 1 and 2 open. */
function closeDestination(destination: Destination): Promise<void> {
  return new Promise((resolve) => {
    const ended = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(() => {
      // What pino would write as the process exits, waiting for the reader, is given up too.
      destination.destroy();
      resolve();
    }, closeDeadlineMs);
    destination.once('close', ended);
    destination.once('error', ended);
    destination.end();
  });
}
