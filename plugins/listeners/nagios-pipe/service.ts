import { type JsonObject, PassiveInbox, type ServiceContext } from 'opsbro/sdk';
import { readCommand } from './command.ts';
import { CommandLines } from './command-lines.ts';
import { Fifo } from './fifo.ts';
import type { Options } from './options.ts';

/** How often it looks whether the FIFO is still the one at its path. */
const lookMs = 1000;
/** Names of commands that are counted apart. */
const mostUnknown = 100;

/** The external command file while it is read. */
export class NagiosPipe {
  readonly #ctx: ServiceContext<Options>;
  readonly #inbox: PassiveInbox;
  readonly #lines: CommandLines;
  readonly #fifo: Fifo;
  readonly #counts = { taken: 0, malformed: 0, too_long: 0 };
  readonly #unknown = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #trouble = '';
  /** Bytes of an unfinished line at the last look. */
  #unfinished = 0;

  constructor(ctx: ServiceContext<Options>) {
    this.#ctx = ctx;
    this.#inbox = new PassiveInbox(ctx, 'nagios-pipe');
    this.#lines = new CommandLines(
      (line) => this.#take(line),
      () => {
        this.#counts.too_long += 1;
      },
    );
    const { path, group, mode } = ctx.options;
    const exec: typeof ctx.exec = (file, args, given) => ctx.exec(file, args, given);
    this.#fifo = new Fifo(exec, { path, group, mode: Number.parseInt(mode, 8) }, (part) =>
      this.#lines.push(part),
    );
  }

  /** Learns what was known, then opens the FIFO. */
  async open(): Promise<void> {
    this.#ctx.signal.throwIfAborted();
    await this.#inbox.open();
    await this.#fifo.open();
    this.#ctx.log.info(`reads ${this.#ctx.options.path}`);
    this.#timer = setInterval(() => void this.look(), lookMs);
  }

  /** No more comes in, then what came is told. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
    this.#fifo.close();
    this.#lines.end();
    await this.#inbox.close();
  }

  /** Takes up another FIFO at the path, and takes a line whose writer is gone without an end for a whole one. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** Figures for people. */
  figures(): JsonObject {
    return {
      path: this.#ctx.options.path,
      is_open: this.#fifo.isOpen,
      ...this.#inbox.figures(),
      lines: { ...this.#counts },
      unknown_commands: Object.fromEntries(this.#unknown),
    };
  }

  async #look(): Promise<void> {
    if (this.#unfinished > 0 && this.#unfinished === this.#lines.waiting) this.#lines.end();
    this.#unfinished = this.#lines.waiting;
    const { log, options } = this.#ctx;
    const reason = await this.#fifo.open().then(
      () => '',
      (error: Error) => error.message,
    );
    if (reason !== '' && reason !== this.#trouble) log.warn(reason);
    if (reason === '' && this.#trouble !== '') log.info(`reads ${options.path} again`);
    this.#trouble = reason;
  }

  #take(line: string): void {
    const read = readCommand(line);
    if (read === 'malformed') this.#counts.malformed += 1;
    else if ('unknown' in read) this.#count(read.unknown);
    else if (this.#inbox.take(read.result)) this.#counts.taken += 1;
  }

  #count(command: string): void {
    const name = this.#unknown.has(command) || this.#unknown.size < mostUnknown ? command : 'others';
    this.#unknown.set(name.slice(0, 64), (this.#unknown.get(name.slice(0, 64)) ?? 0) + 1);
  }
}
