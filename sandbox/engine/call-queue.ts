import type { Json } from 'opsbro/sdk';
import { type PlainError, plainError } from '../../core/errors.ts';
import type { HostCalls } from '../model.ts';

/** Calls of one run that the host works at at once. */
const mostAtOnce = 32;
/** What their answers may come to: all of them can be there before the first is handed over, in a thread that others share. */
const mostAnswerBytes = 8 * 2 ** 20;
const largestAnswerBytes = 4 * 2 ** 20;
/** What an answer comes to, and which argument may say otherwise by its `maxBytes`; 1 MiB for those that are not here. */
const answers: { [name: string]: { bytes: number; options?: number } } = {
  readText: { bytes: 2 ** 20, options: 1 },
  tryReadText: { bytes: 2 ** 20, options: 1 },
  readLines: { bytes: 2 ** 20, options: 1 },
  http: { bytes: 2 ** 20, options: 0 },
  exec: { bytes: 2 ** 20, options: 2 },
  stat: { bytes: 0 },
  statFileSystem: { bytes: 0 },
  env: { bytes: 0 },
  render: { bytes: 0 },
  'tcp.connect': { bytes: 0 },
  'tcp.write': { bytes: 0 },
  'tcp.read': { bytes: 64 * 1024, options: 1 },
  'tcp.close': { bytes: 0 },
  'kv.get': { bytes: 64 * 1024 },
  'kv.put': { bytes: 0 },
  'kv.delete': { bytes: 0 },
  'kv.list': { bytes: largestAnswerBytes },
};

/** What a guest asked for. All of it is an attacker's word. */
interface Asked {
  call: number;
  name: string;
  args: Json[];
}

/** The calls of one run: a few are under way, the others wait their turn. What bounds them is the run's limit of calls. */
export class CallQueue {
  readonly #open: () => HostCalls;
  readonly #isOver: () => boolean;
  readonly #settle: (call: number, answer: { value: Json } | { error: PlainError }) => void;
  readonly #waiting: Asked[] = [];
  #running = 0;
  #bytes = 0;

  constructor(
    open: () => HostCalls,
    isOver: () => boolean,
    settle: (call: number, answer: { value: Json } | { error: PlainError }) => void,
  ) {
    this.#open = open;
    this.#isOver = isOver;
    this.#settle = settle;
  }

  push(asked: Asked): void {
    this.#waiting.push(asked);
    this.#next();
  }

  #next(): void {
    for (;;) {
      const [asked] = this.#waiting;
      if (asked === undefined || this.#running >= mostAtOnce) return;
      const bytes = answerBytes(asked);
      if (this.#running > 0 && this.#bytes + bytes > mostAnswerBytes) return;
      this.#waiting.shift();
      this.#running += 1;
      this.#bytes += bytes;
      void this.#answer(asked, bytes);
    }
  }

  async #answer({ call, name, args }: Asked, bytes: number): Promise<void> {
    const answer = await this.#perform(String(name), Array.isArray(args) ? args : []);
    this.#running -= 1;
    // Through the loop, so that a plugin whose calls are answered at once does not keep the others from theirs.
    setImmediate(() => {
      this.#bytes -= bytes;
      if (this.#isOver()) return;
      this.#settle(call, answer);
      this.#next();
    });
  }

  async #perform(name: string, args: Json[]): Promise<{ value: Json } | { error: PlainError }> {
    try {
      return { value: (await this.#open().call(name, args)) ?? null };
    } catch (thrown) {
      return { error: plainError(thrown, 'OPSBRO_HOST_IO') };
    }
  }
}

/** The most that the answer to a call may come to, about. */
function answerBytes({ name, args }: Asked): number {
  const { bytes, options } = (Object.hasOwn(answers, name) && answers[name]) || { bytes: 2 ** 20 };
  const given = options === undefined || !Array.isArray(args) ? undefined : args[options];
  const most = (given as { maxBytes?: unknown } | null | undefined)?.maxBytes;
  return typeof most === 'number' && most > 0 ? Math.min(most, largestAnswerBytes) : bytes;
}
