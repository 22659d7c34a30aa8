import type { Json } from 'opsbro/sdk';
import { OpsbroError, type PlainError, plainError } from '../../core/errors.ts';
import { argumentLimits, copyTree } from '../../threads/context/tree.ts';
import { Meter } from '../budgets/meter.ts';
import type { HostCalls } from '../model.ts';

/** Calls of one run that the host works at at once. */
const mostAtOnce = 32;
/** What their answers may come to: all of them can be there before the first is handed over, in a thread that others share. */
const mostAnswerBytes = 8 * 2 ** 20;
const largestAnswerBytes = 4 * 2 ** 20;
/** What the arguments of calls that are under way or wait may come to; a further call is refused. */
const mostArgumentBytes = 8 * 2 ** 20;
/** What an answer comes to, and which argument may say otherwise by its `maxBytes`; 1 MiB for those that are not here. */
const answers: { [name: string]: { bytes: number; options?: number } } = {
  readText: { bytes: 2 ** 20, options: 1 },
  tryReadText: { bytes: 2 ** 20, options: 1 },
  readLines: { bytes: 2 ** 20, options: 1 },
  list: { bytes: largestAnswerBytes },
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

type Answer = { value: Json } | { error: PlainError };

/** The run whose calls they are, as far as they need it. */
export interface Caller {
  /** The host, opened with the first call. */
  open(): HostCalls;
  isOver(): boolean;
  /** Whether it has used up its processor time: what still waits is not begun any more. */
  isSpent(): boolean;
  /** Told of the processor time that this thread spent on a call. */
  charge(cpuMs: number): void;
  settle(call: number, answer: Answer): void;
}

/** The calls of one run: a few are under way, the others wait their turn. What bounds them is the run's limit of calls, and what they hold. */
export class CallQueue {
  readonly #caller: Caller;
  readonly #waiting: (Asked & { held: number })[] = [];
  readonly #underWay: string[] = [];
  #running = 0;
  #bytes = 0;
  #held = 0;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** The call that the run waits for longest, by its name in `ctx`. */
  get first(): string | undefined {
    return this.#underWay[0] ?? this.#waiting[0]?.name;
  }

  push({ call, name, args }: Asked): void {
    try {
      const { value, bytes } = copyTree(args, argumentLimits);
      if (this.#held > 0 && this.#held + bytes > mostArgumentBytes)
        throw new OpsbroError(
          'OPSBRO_AGENT_BUSY',
          `the calls that wait hold ${mostArgumentBytes / 2 ** 20} MiB already; await some of them first`,
        );
      this.#held += bytes;
      this.#waiting.push({ call, name: String(name), args: value as Json[], held: bytes });
    } catch (thrown) {
      this.#settleLater(call, { error: plainError(thrown, 'OPSBRO_API_INVALID') }, () => undefined);
    }
    this.#next();
  }

  #next(): void {
    for (;;) {
      const [asked] = this.#waiting;
      if (asked === undefined || this.#running >= mostAtOnce) return;
      if (this.#running > 0 && this.#caller.isSpent()) return;
      const bytes = answerBytes(asked);
      if (this.#running > 0 && this.#bytes + bytes > mostAnswerBytes) return;
      this.#waiting.shift();
      this.#running += 1;
      this.#bytes += bytes;
      void this.#answer(asked, bytes);
    }
  }

  async #answer({ call, name, args, held }: Asked & { held: number }, bytes: number): Promise<void> {
    this.#underWay.push(name);
    const answer = await this.#perform(name, Array.isArray(args) ? args : []);
    this.#underWay.splice(this.#underWay.indexOf(name), 1);
    this.#running -= 1;
    this.#settleLater(call, answer, () => {
      this.#bytes -= bytes;
      this.#held -= held;
    });
  }

  /** Through the loop, so that a plugin whose calls are answered at once does not keep the others from theirs. */
  #settleLater(call: number, answer: Answer, release: () => void): void {
    setImmediate(() => {
      release();
      if (this.#caller.isOver()) return;
      this.#caller.settle(call, answer);
      this.#next();
    });
  }

  async #perform(name: string, args: Json[]): Promise<Answer> {
    const meter = new Meter();
    try {
      const answer = this.#caller.open().call(name, args);
      // What the kernel makes up is read on the spot.
      this.#caller.charge(meter.spentMs());
      return { value: (await answer) ?? null };
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

/** What a run that did not end in time waits for, as far as it is known here. */
export function awaitedOf(queue: CallQueue | undefined): string {
  if (queue === undefined) return 'its thread had no time to begin it';
  const name = queue.first;
  return name === undefined
    ? 'it awaits a promise that nothing settles'
    : `it awaits ctx.${name.replace(/[^\w.]/g, '').slice(0, 20)}`;
}
