import { join } from 'node:path';
import { type Command, type CommandResult, refusedEnd } from '../command.ts';
import type { ProcessorMeter } from '../processors/processor-meter.ts';
import { type CommandPlan, notFound, planOf } from './command-plan.ts';
import { Lane } from './lane.ts';
import {
  calmer,
  hasTurn,
  type LaneBounds,
  type LaneView,
  lanesAtOnce,
  lanesToStart,
  mostOrderBytes,
  ordersAtOnce,
  slowAfter,
} from './lane-policy.ts';
import { commandLine, hidesChannels, type LaneKind } from './launch.ts';
import { OwnTime } from './own-time.ts';
import { keepPrivateDirectory } from './private-directory.ts';
import { readProcess } from './processes.ts';
import type { Order } from './run.ts';
import { Warden } from './warden.ts';

/** What a pool is made with. */
export interface LanePoolOptions {
  shell: string;
  /** A private directory for output; each lane makes one of its own in it. */
  directory: string;
  bounds: LaneBounds;
  /** Asked every 100 ms while commands wait. */
  processors: Pick<ProcessorMeter, 'isKnown' | 'use'>;
  /** Process groups of the lanes, kept up to date for whoever ends the thread. */
  groups: Int32Array;
  ended(result: CommandResult): void;
}

/** Commands of one kind, and the lanes that take them. Those that lately took long have a queue and lanes of their own. */
interface Queue {
  key: string;
  kind: LaneKind;
  isLong: boolean;
  waiting: Order[];
  /** Places in `waiting` that were taken; cut off now and then, since `shift` copies. */
  taken: number;
  idle: Lane[];
  lanes: number;
  /** How long one of its quick commands lately took; at first a guess. */
  usualMs: number;
  /** Why its last lane could not start, and until when no other is tried. */
  broken: { why: string; until: number } | null;
}

const lookMs = 100;
/** While a lane has several orders. */
const pollMs = 10;
/** When no lane is busy. */
const restingLookMs = 10_000;
const idleMs = 60_000;
/** A lane that starts for longer waits for something else than the processor too: a directory of users, say. */
const startGraceMs = 2000;
/** A command that no lane took for this long is given back. */
const longestWaitMs = 60_000;
/** Pause after a lane that could not start. */
const retryMs = 5000;
/** A command that took longer goes with its like from then on: hundreds that hang must not be what the others wait for. */
const longMs = 1000;
const maxKnown = 10_000;
/** What takes this share of what lets another lane be started is no company for others: they go on elsewhere. */
const holdShare = 0.5;
/** How much the time that one command took moves what is usual. */
const usualStep = 1 / 32;
const firstUsualMs = 4;
const unwanted = 'nobody waits for it';
/**
 * Runs commands in lanes: starts lanes as commands wait, ends idle ones after a minute, and looks after long runners every 100 ms.
 * Commands of one kind begin in the order in which they came. The number that wait is bounded by whoever hands them in.
 */
export class LanePool {
  readonly #options: LanePoolOptions;
  readonly #queues = new Map<string, Queue>();
  readonly #lanes = new Map<Lane, Queue>();
  readonly #warden: Warden;
  readonly #time = new OwnTime();
  /** Otherwise only programs with their words stand behind each other. */
  readonly #sharesScripts: boolean;
  /** Lines of commands that the last time took long, or too long for others to stand behind them. */
  readonly #known = new Map<string, 'long' | 'slow'>();
  /** Lanes that run what is known as slow, or did last. */
  readonly #slow = new Set<Lane>();
  /** Lanes that may use the processor at a time. */
  #fast: number;
  #started = 0;
  #slowMs = slowAfter(0);
  #timer: NodeJS.Timeout | null = null;
  #timerAt = 0;
  #pollTimer: NodeJS.Timeout | null = null;
  /** Ended from without, so that it must not go to another lane. */
  #unwanted: number | null = null;
  #closed = false;

  constructor(options: LanePoolOptions) {
    this.#options = options;
    this.#warden = new Warden(options.shell);
    this.#sharesScripts = hidesChannels(options.shell);
    this.#fast = options.processors.isKnown ? options.bounds.least : options.bounds.usual;
  }

  /** Takes a command, and its plan where that is known. Its result comes by `ended`, exactly once; from within this call when it cannot run. */
  submit(command: Command, plan: CommandPlan = planOf(command)): void {
    const why = this.#closed ? 'the agent is stopping' : plan.unfit;
    if (why === null) this.#enqueue(command, plan);
    else this.#refuse(command, why);
  }

  /** Ends a command that runs or waits; its result comes as always. */
  end(id: number): void {
    this.#unwanted = id;
    for (const lane of this.#lanes.keys()) lane.end(id);
    this.#unwanted = null;
    for (const queue of this.#queues.values()) {
      const at = queue.waiting.findIndex(({ command }, index) => index >= queue.taken && command.id === id);
      const [found] = at === -1 ? [] : queue.waiting.splice(at, 1);
      if (found !== undefined) this.#refuse(found.command, unwanted);
    }
  }

  #enqueue(command: Command, { kind, line: known }: CommandPlan): void {
    const line = known ?? commandLine(command, kind.environment);
    if (line === null) {
      this.#options.ended(notFound(command));
      return;
    }
    const queue = this.#queueOf(kind, this.#known.get(line) === 'long');
    const now = this.#time.now();
    if (queue.lanes === 0 && queue.broken !== null && now < queue.broken.until) {
      this.#refuse(command, queue.broken.why);
      return;
    }
    queue.waiting.push({ command, line, since: now });
    this.#pump(queue, now);
    this.#arm(lookMs, now);
  }

  /** Ends all lanes and what runs in them. */
  close(): void {
    this.#closed = true;
    for (const timer of [this.#timer, this.#pollTimer]) if (timer !== null) clearTimeout(timer);
    for (const queue of this.#queues.values()) this.#refuseAll(queue, 'the agent is stopping');
    for (const lane of this.#lanes.keys()) lane.close();
    this.#warden.close();
  }

  #queueOf(kind: LaneKind, isLong: boolean): Queue {
    const key = isLong ? `long ${kind.key}` : kind.key;
    let queue = this.#queues.get(key);
    if (queue === undefined) {
      queue = {
        key,
        kind,
        isLong,
        waiting: [],
        taken: 0,
        idle: [],
        lanes: 0,
        usualMs: firstUsualMs,
        broken: null,
      };
      this.#queues.set(key, queue);
    }
    return queue;
  }

  #pump(queue: Queue, now: number): void {
    while (queue.taken < queue.waiting.length && this.#hasTurn(queue, now)) {
      const lane = queue.idle.pop();
      if (lane === undefined) break;
      // It retires, and is about to be forgotten.
      if (lane.state !== 'idle') continue;
      const orders = this.#nextOrders(queue);
      if (this.#isKnownSlow(orders[0])) this.#slow.add(lane);
      else this.#slow.delete(lane);
      lane.run(orders);
      if (lane.isShared) this.#pollLater();
    }
    const waiting = queue.waiting.length - queue.taken;
    if (waiting === 0 || queue.idle.length > 0 || this.#closed) return;
    if (queue.broken !== null && now < queue.broken.until) return;
    const { max, reserved } = this.#options.bounds;
    const room = queue.isLong ? max - reserved : max;
    if (this.#lanes.size >= room) this.#retireOther(queue);
    const bounds = { fast: this.#fast, max: room, slowMs: this.#slowMs };
    const count = lanesToStart(queue.key, waiting, this.#views(now), bounds);
    try {
      for (let started = 0; started < count; started += 1) this.#start(queue);
    } catch (thrown) {
      this.#break(queue, (thrown as Error).message);
    }
  }

  /** Commands that lately took their time wait for something else than the processor: they need no turn, and take none away. */
  #hasTurn(queue: Queue, now: number): boolean {
    if (queue.isLong || queue.idle.length === 0 || this.#isKnownSlow(queue.waiting[queue.taken])) return true;
    const quick = [...this.#lanes].filter(
      ([lane, { isLong }]) => !isLong && lane.state !== 'starting' && !this.#slow.has(lane),
    );
    return hasTurn(queue.key, this.#views(now, quick), { fast: this.#fast, slowMs: this.#holdMs });
  }

  #isKnownSlow(order: Order | undefined): boolean {
    return order !== undefined && this.#known.get(order.line) === 'slow';
  }

  /** What the next lane gets: several of those that wait when there are many, and each of them is known to be quick. */
  #nextOrders(queue: Queue): Order[] {
    const waiting = queue.waiting.length - queue.taken;
    const count = queue.isLong ? 1 : ordersAtOnce(waiting, this.#fast, queue.usualMs);
    const orders = [this.#next(queue)];
    let bytes = orders[0]?.line.length ?? 0;
    while (
      orders.length < count &&
      [orders[0], queue.waiting[queue.taken]].every((order) => this.#isSociable(order))
    ) {
      bytes += queue.waiting[queue.taken]?.line.length ?? 0;
      if (bytes > mostOrderBytes) break;
      orders.push(this.#next(queue));
    }
    return orders;
  }

  #isSociable(order: Order | undefined): boolean {
    if (order === undefined) return false;
    const { argv, stdin, capture } = order.command;
    if (argv === null && !this.#sharesScripts) return false;
    return stdin === null && !capture && !this.#known.has(order.line);
  }

  #next(queue: Queue): Order {
    const next = queue.waiting[queue.taken] as Order;
    queue.taken += 1;
    if (queue.taken > 1000 || queue.taken === queue.waiting.length) {
      queue.waiting.splice(0, queue.taken);
      queue.taken = 0;
    }
    return next;
  }

  #start(queue: Queue): void {
    const { shell, directory, groups } = this.#options;
    keepPrivateDirectory(directory);
    const cell = groups.indexOf(0);
    const startedAt = this.#time.now();
    this.#started += 1;
    const lane: Lane = new Lane(shell, queue.kind, join(directory, `lane-${this.#started}`), this.#time, {
      ended: (result, line) => this.#ended(queue, result, line),
      returned: (orders) => this.#returned(queue, orders),
      opened: () => {
        // Who changes the user has more to do.
        if (queue.kind.runAs === null) this.#slowMs = slowAfter(this.#time.now() - startedAt);
      },
      free: () => {
        groups[cell] = lane.group;
        queue.broken = null;
        if (this.#closed) return;
        queue.idle.push(lane);
        this.#pump(queue, lane.since);
      },
      gone: (why) => {
        if (groups[cell] === lane.group) groups[cell] = 0;
        this.#warden.remove(leader);
        this.#forget(queue, lane, why);
      },
    });
    const leader = lane.group;
    groups[cell] = leader;
    this.#warden.add(leader);
    queue.lanes += 1;
    this.#lanes.set(lane, queue);
  }

  #ended(queue: Queue, result: CommandResult, line: string): void {
    if (!this.#known.has(line))
      queue.usualMs += (Math.min(result.durationMs, 2 * this.#holdMs) - queue.usualMs) * usualStep;
    if (this.#known.size >= maxKnown) this.#known.clear();
    if (result.durationMs > longMs) this.#known.set(line, 'long');
    else if (result.durationMs > this.#holdMs) this.#known.set(line, 'slow');
    else this.#known.delete(line);
    this.#options.ended(result);
  }

  get #holdMs(): number {
    return this.#slowMs * holdShare;
  }

  /** Orders that a lane gave back go before what came later. */
  #returned(queue: Queue, orders: Order[]): void {
    if (orders.length === 0) return;
    const wanted = orders.filter(({ command }) => command.id !== this.#unwanted);
    for (const { command } of orders) if (command.id === this.#unwanted) this.#refuse(command, unwanted);
    if (this.#closed) for (const { command } of wanted) this.#refuse(command, 'the agent is stopping');
    else queue.waiting.splice(queue.taken, 0, ...wanted);
    this.#pump(queue, this.#time.now());
  }

  #forget(queue: Queue, lane: Lane, why: string | null): void {
    this.#lanes.delete(lane);
    this.#slow.delete(lane);
    queue.lanes -= 1;
    queue.idle = queue.idle.filter((other) => other !== lane);
    if (why === null) this.#pump(queue, this.#time.now());
    else this.#break(queue, why);
  }

  /** No lane of this kind can be started for now: what waits for its first one is refused. */
  #break(queue: Queue, why: string): void {
    const shown = queue.kind.runAs === null ? 'a shell' : `a shell of user ${queue.kind.runAs}`;
    queue.broken = { why: `${shown} could not be started: ${why}`, until: this.#time.now() + retryMs };
    if (queue.lanes === 0) this.#refuseAll(queue, queue.broken.why);
  }

  /** Makes room for a kind that waits while others' lanes are idle. */
  #retireOther(queue: Queue): void {
    for (const other of this.#queues.values()) {
      const lane = other === queue ? undefined : other.idle.shift();
      if (lane === undefined) continue;
      lane.retire();
      return;
    }
  }

  #look(): void {
    this.#time.looked();
    const now = this.#time.now();
    for (const lane of [...this.#lanes.keys()]) {
      if (lane.state === 'idle' && now - lane.since >= idleMs) lane.retire();
      else lane.look(now);
    }
    this.#measure();
    for (const [key, queue] of this.#queues) {
      while ((queue.waiting[queue.taken]?.since ?? now) < now - longestWaitMs)
        this.#refuse(this.#next(queue).command, `no lane was free for ${longestWaitMs / 1000} s`);
      this.#pump(queue, now);
      if (queue.lanes === 0 && queue.taken === queue.waiting.length && queue.broken === null)
        this.#queues.delete(key);
      if (queue.broken !== null && now >= queue.broken.until) queue.broken = null;
    }
    this.#timer = null;
    const isResting = [...this.#lanes.keys()].every(({ state }) => state === 'idle');
    if (this.#queues.size > 0) this.#arm(isResting ? restingLookMs : lookMs, now);
  }

  /** Works out how many lanes may use the processor at a time, while commands wait: for a lane, or in one for those before them. */
  #measure(): void {
    const quick = [...this.#lanes].filter(([, { isLong }]) => !isLong).map(([lane]) => lane);
    const isWaiting = [...this.#queues.values()].some(
      ({ isLong, waiting, taken }) => !isLong && taken < waiting.length,
    );
    if (!isWaiting && !quick.some(({ isShared }) => isShared)) return;
    const ticks = quick.reduce((sum, { group }) => sum + (readProcess(group)?.usedTicks ?? 0), 0);
    const use = this.#options.processors.use(ticks);
    this.#fast = lanesAtOnce(this.#fast, use, this.#options.bounds);
    this.#slowMs = calmer(this.#slowMs, use);
  }

  #pollLater(): void {
    if (this.#pollTimer !== null || this.#closed) return;
    this.#pollTimer = setTimeout(() => {
      this.#pollTimer = null;
      const now = this.#time.now();
      for (const lane of [...this.#lanes.keys()]) lane.poll(now, this.#holdMs);
      if ([...this.#lanes.keys()].some(({ isShared }) => isShared)) this.#pollLater();
    }, pollMs);
  }

  /** Looks again within `delayMs`. */
  #arm(delayMs: number, now: number): void {
    const at = now + delayMs;
    if (this.#closed || (this.#timer !== null && this.#timerAt <= at)) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#time.expect(delayMs);
    this.#timer = setTimeout(() => this.#look(), delayMs);
  }

  #views(now: number, lanes: Iterable<[Lane, Queue]> = this.#lanes): LaneView[] {
    const views: LaneView[] = [];
    for (const [{ state, since }, { key }] of lanes) {
      const busyMs = state === 'starting' ? Math.max(0, now - since - startGraceMs) : now - since;
      views.push({ kind: key, busyMs: state === 'idle' ? null : busyMs });
    }
    return views;
  }

  #refuse(command: Command, why: string): void {
    this.#options.ended({ ...refusedEnd(command.id, why), text: '' });
  }

  #refuseAll(queue: Queue, why: string): void {
    while (queue.taken < queue.waiting.length) this.#refuse(this.#next(queue).command, why);
  }
}
