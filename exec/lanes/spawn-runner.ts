import { spawn } from 'node:child_process';
import { type Command, type CommandResult, refusedEnd } from '../command.ts';
import { floodBytes } from './lane.ts';
import { kindOf } from './launch.ts';
import { signalProcess } from './processes.ts';

const atOnce = 8;
const graceMs = 2000;
/** How long a grandchild may hold the pipes open after its parent ended. */
const pipeMs = 100;

/**
 * Runs commands by Node itself, a few at a time: for systems without a POSIX shell. Takes only words; another user or niceness is
 * refused. Each start copies the page tables of the whole agent, so this is slow.
 */
export class SpawnRunner {
  readonly #ended: (result: CommandResult) => void;
  readonly #waiting: Command[] = [];
  readonly #groups = new Set<number>();
  readonly #ending = new Map<number, () => void>();
  #running = 0;
  #closed = false;

  constructor(ended: (result: CommandResult) => void) {
    this.#ended = ended;
  }

  /** Takes a command; its result comes by `ended`, exactly once. */
  submit(command: Command): void {
    const why = this.#closed ? 'the agent is stopping' : unfit(command);
    if (why === null) this.#waiting.push(command);
    else this.#ended({ ...refusedEnd(command.id, why), text: '' });
    this.#pump();
  }

  /** Ends a command that runs or waits; its result comes as always. */
  end(id: number): void {
    this.#ending.get(id)?.();
    const at = this.#waiting.findIndex((command) => command.id === id);
    if (at === -1) return;
    this.#waiting.splice(at, 1);
    this.#ended({ ...refusedEnd(id, 'nobody waits for it'), text: '' });
  }

  /** Ends what runs. */
  close(): void {
    this.#closed = true;
    for (const { id } of this.#waiting.splice(0))
      this.#ended({ ...refusedEnd(id, 'the agent is stopping'), text: '' });
    for (const group of this.#groups) signalProcess(-group, 'SIGKILL');
  }

  #pump(): void {
    while (this.#running < atOnce) {
      const command = this.#waiting.shift();
      if (command === undefined) return;
      this.#running += 1;
      void this.#run(command).then((result) => {
        this.#running -= 1;
        this.#ended(result);
        this.#pump();
      });
    }
  }

  #run(command: Command): Promise<CommandResult> {
    const [file = '', ...words] = command.argv ?? [];
    const startedAt = performance.now();
    const result: CommandResult = { ...refusedEnd(command.id, ''), refused: null, text: '' };
    const texts = { out: [] as Buffer[], err: [] as Buffer[] };
    const sizes = { out: 0, err: 0 };
    const errors = command.capture ? 'err' : 'out';
    const timers: NodeJS.Timeout[] = [];
    return new Promise((resolve) => {
      const child = spawn(file, words, {
        stdio: [command.stdin === null ? 'ignore' : 'pipe', 'pipe', 'pipe'],
        detached: true,
        cwd: '/',
        env: kindOf(command).environment,
      });
      const group = child.pid ?? 0;
      this.#groups.add(group);
      const kill = (why: 'timeout' | 'flood', signal: NodeJS.Signals): void => {
        result.killedFor ??= why;
        result.timedOut = result.killedFor === 'timeout';
        signalProcess(-group, signal);
      };
      const settle = (end: Partial<CommandResult>): void => {
        for (const timer of timers) clearTimeout(timer);
        if (result.killedFor !== null) signalProcess(-group, 'SIGKILL');
        this.#groups.delete(group);
        this.#ending.delete(command.id);
        for (const stream of child.stdio) stream?.destroy();
        const durationMs = performance.now() - startedAt;
        const [text = '', errorText] = [texts.out, texts.err].map((parts) => Buffer.concat(parts).toString());
        resolve({ ...result, text, ...(command.capture && { errorText }), durationMs, ...end });
      };
      const take = (stream: 'out' | 'err') => (part: Buffer) => {
        const room = command.outputBytes - sizes[stream];
        if (room > 0) texts[stream].push(part.subarray(0, room));
        sizes[stream] += part.length;
        result.truncated ||= sizes[stream] > command.outputBytes;
        if (sizes.out + sizes.err > floodBytes) kill('flood', 'SIGKILL');
      };
      child.stdout?.on('data', take('out'));
      child.stderr?.on('data', take(errors));
      // A program that does not read its input closes the pipe.
      child.stdin?.on('error', () => undefined).end(command.stdin);
      this.#ending.set(command.id, () => {
        kill('timeout', 'SIGTERM');
        timers.push(setTimeout(() => kill('timeout', 'SIGKILL'), graceMs));
      });
      child.on('error', (error) =>
        settle({ code: 127, text: `${file}: ${error.message}`, errorText: error.message }),
      );
      child.on('exit', (code, signal) => {
        child.once('close', () => settle({ code, signal }));
        timers.push(setTimeout(() => settle({ code, signal }), pipeMs));
      });
      timers.push(setTimeout(() => kill('timeout', 'SIGTERM'), command.timeoutMs));
      timers.push(setTimeout(() => kill('timeout', 'SIGKILL'), command.timeoutMs + graceMs));
    });
  }
}

function unfit({ argv, runAs, nice }: Command): string | null {
  if (argv === null || argv.length === 0)
    return 'there is no POSIX shell; give the script as a list of words';
  if (argv.some((word) => word.includes('\0'))) return 'it contains a NUL character';
  if (runAs !== null || nice !== 0) return 'there is no POSIX shell to change user or niceness with';
  return null;
}
