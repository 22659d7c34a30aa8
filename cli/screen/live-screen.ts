import type { CliProcess, Output } from '../context.ts';
import { Canvas } from './canvas.ts';

/** What a live screen draws on: a terminal that can move its cursor. */
export interface Terminal {
  output: Output;
  input: CliProcess['stdin'];
  isColored: boolean;
  /** Aborts once nobody can see it any more. */
  lost: AbortSignal | undefined;
}

/** How a screen ended: somebody has seen enough, or the process is to end by a signal. */
export type ScreenEnd = 'done' | 'SIGTERM' | 'SIGHUP';

const enter = '\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[2J';
const leave = '\u001b[0m\u001b[?7h\u001b[?25h\u001b[?1049l';
const clear = '\u001b[2J';
const endKeys = /[qQ\u0003\u0004]/;
const redrawKey = '\u000c';
const usual = { columns: 80, rows: 24 };

/** The terminal to draw on; null where there is none, or one that cannot move its cursor: what is shown there is text. */
export function terminalOf(host: CliProcess, isColored: boolean): Terminal | null {
  if (host.stdout.isTTY !== true || host.env.TERM === 'dumb') return null;
  return { output: host.stdout, input: host.stdin, isColored, lost: host.outputLost };
}

/**
 * Draws pictures one over the other on a screen of its own, and writes only the places that changed. The terminal is as it was before once it is
 * closed, also when the process exits in between.
 */
export class LiveScreen {
  readonly #terminal: Terminal;
  readonly #stop = new AbortController();
  readonly #restore = (): void => this.#close();
  #shown: Canvas | null = null;
  #draw: ((canvas: Canvas) => void) | undefined;
  #end: ScreenEnd = 'done';
  #isOpen = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Aborts when the screen is to be closed. */
  get stopped(): AbortSignal {
    return this.#stop.signal;
  }

  /** The lines of what is shown, or was last. */
  picture(): string[] {
    return this.#shown?.lines(this.#terminal.isColored) ?? [];
  }

  /** Opens it, runs `act`, closes it. Ctrl-c and `q` abort `stopped`, and so does a signal that ends the process. */
  async run(act: () => Promise<void>): Promise<ScreenEnd> {
    this.#open();
    try {
      await act();
    } finally {
      this.#close();
    }
    return this.#end;
  }

  /** Shows what `draw` draws. It is called again whenever the terminal has another size. */
  show(draw: (canvas: Canvas) => void): void {
    this.#draw = draw;
    this.#redraw();
  }

  readonly #redraw = (): void => {
    if (!this.#isOpen || this.#draw === undefined) return;
    const { output, isColored } = this.#terminal;
    const canvas = new Canvas(output.columns || usual.columns, output.rows || usual.rows);
    this.#draw(canvas);
    const isOfOneSize = this.#shown?.width === canvas.width && this.#shown.height === canvas.height;
    const before = isOfOneSize ? this.#shown : null;
    const sent = (before === null ? clear : '') + canvas.difference(before, isColored);
    this.#shown = canvas;
    // One write, so that a terminal shows it as one.
    if (sent !== '') output.write(sent);
  };

  readonly #resized = (): void => {
    this.#shown = null;
    this.#redraw();
  };

  readonly #typed = (keys: Buffer | string): void => {
    const text = String(keys);
    if (endKeys.test(text)) this.#stop.abort();
    else if (text.includes(redrawKey)) this.#resized();
  };

  readonly #interrupted = (): void => this.#stop.abort();
  readonly #terminated = (signal: NodeJS.Signals): void => {
    this.#end = signal === 'SIGHUP' ? signal : 'SIGTERM';
    this.#stop.abort();
  };

  #open(): void {
    const { output, input, lost } = this.#terminal;
    this.#isOpen = true;
    output.write(enter);
    output.on?.('resize', this.#resized);
    process.on('exit', this.#restore).on('SIGINT', this.#interrupted).on('SIGCONT', this.#resized);
    process.on('SIGTERM', this.#terminated).on('SIGHUP', this.#terminated);
    lost?.addEventListener('abort', this.#interrupted);
    if (input?.isTTY !== true) return;
    input.setRawMode(true);
    input.on('data', this.#typed);
    input.resume();
  }

  #close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const { output, input, lost } = this.#terminal;
    if (input?.isTTY === true) {
      input.off('data', this.#typed);
      input.setRawMode(false);
      input.pause();
    }
    lost?.removeEventListener('abort', this.#interrupted);
    process.off('SIGTERM', this.#terminated).off('SIGHUP', this.#terminated);
    process.off('exit', this.#restore).off('SIGINT', this.#interrupted).off('SIGCONT', this.#resized);
    output.off?.('resize', this.#resized);
    output.write(leave);
  }
}
