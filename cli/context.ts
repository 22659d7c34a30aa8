import type { ControlClient } from '../control/client.ts';
import { type Directories, resolveDirectories } from '../control/defaults.ts';
import { errorText } from './error-text.ts';
import { createPaint, type Paint } from './paint.ts';
import { type Column, renderTable } from './table.ts';

/** Where a command writes: process.stdout or stderr, or a test's recorder. */
export interface Output {
  write(text: string): unknown;
  isTTY?: boolean | undefined;
  columns?: number | undefined;
  rows?: number | undefined;
  on?(event: 'resize', listener: () => void): unknown;
  off?(event: 'resize', listener: () => void): unknown;
}

/** Where keys come from while a screen is live: process.stdin. */
export interface Input {
  isTTY?: boolean | undefined;
  setRawMode(isRaw: boolean): unknown;
  on(event: 'data', listener: (keys: Buffer | string) => void): unknown;
  off(event: 'data', listener: (keys: Buffer | string) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

/** The process as commands see it, so that tests can run one without being it. */
export interface CliProcess {
  stdout: Output;
  stderr: Output;
  stdin?: Input;
  env: { [name: string]: string | undefined };
  uid: number;
  /** The package's root directory: holds `bin`, `dist`, `config.d`. */
  root: string;
  /** Asks whoever sits at the terminal; null when nobody does. */
  ask?(question: string): Promise<string | null>;
  /** Aborts once stdout is gone or full; what prints for ever ends then. */
  outputLost?: AbortSignal;
}

/** Options every verb takes. */
export interface GlobalOptions {
  data?: string;
  config: string[];
  json: boolean;
  color: boolean;
}

/**
 * What a command group gets: the global options, the agent, and the two outputs. An action throws `OpsbroError` to fail (the program
 * prints it on stderr and picks the exit code: 2 for OPSBRO_CLI_USAGE and OPSBRO_API_NOT_FOUND, 78 for OPSBRO_CONFIG_*, else 1) or
 * sets `exitCode` and returns. Options are known once an action runs, not while groups register.
 */
export interface CliContext {
  readonly process: CliProcess;
  readonly paint: Paint;
  exitCode: number;
  /** A line of diagnostics for people, said once the command is through. */
  closing: string | undefined;
  options(): GlobalOptions;
  /** `--config`/`--data`, their variables or the defaults, as absolute paths. */
  directories(): Directories;
  /** The agent of `directories().data`; made on first use. Throws OPSBRO_AGENT_NOT_RUNNING from its requests. */
  agent(): Promise<ControlClient>;
  /** Prints `value` as one JSON document with --json, else what `text` returns. */
  show(value: unknown, text: () => string): void;
  /** Writes a line of data to stdout. */
  print(text: string): void;
  /** Writes a line of diagnostics to stderr. */
  note(text: string): void;
  /** Writes an error to stderr, as JSON with --json. The exit code is not touched. */
  noteError(error: unknown): void;
  /** Characters of a line on the terminal; no limit where stdout is none. */
  readonly width: number;
  /** Aligned columns that fit the terminal's width. */
  table<Row>(columns: Column<Row>[], rows: Row[]): string;
}

/** Makes the context of one run. `options` reads the parsed global options and is called only from actions. */
export function createCliContext(host: CliProcess, options: () => GlobalOptions): CliContext {
  let client: Promise<ControlClient> | undefined;
  let paint: Paint | undefined;
  return {
    process: host,
    get paint() {
      paint ??= createPaint(wantsColor(host, options()));
      return paint;
    },
    exitCode: 0,
    closing: undefined,
    options,
    directories() {
      const { config, data } = options();
      return resolveDirectories({ config, data, env: host.env, uid: host.uid, root: host.root });
    },
    agent() {
      client ??= import('../control/client.ts').then(({ createControlClient }) =>
        createControlClient(this.directories().data),
      );
      return client;
    },
    show(value, text) {
      const shown = options().json ? JSON.stringify(value, null, 2) : text();
      if (shown !== '') this.print(shown);
    },
    print(text) {
      host.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
    },
    note(text) {
      host.stderr.write(text.endsWith('\n') ? text : `${text}\n`);
    },
    noteError(error) {
      this.note(errorText(error, options().json));
    },
    get width() {
      return host.stdout.isTTY ? host.stdout.columns || 80 : Number.POSITIVE_INFINITY;
    },
    table(columns, rows) {
      return renderTable(columns, rows, this.paint, this.width);
    },
  };
}

function wantsColor(host: CliProcess, options: GlobalOptions): boolean {
  return options.color && host.stdout.isTTY === true && !host.env.NO_COLOR && host.env.TERM !== 'dumb';
}
