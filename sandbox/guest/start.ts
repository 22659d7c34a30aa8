import { OpsbroError } from '../../core/errors.ts';
import { copyTree, resultLimits, stateLimits } from '../../threads/context/tree.ts';
import { GuestRun, NotEligible } from './context.ts';
import {
  type GuestCommand,
  type GuestError,
  type GuestMessage,
  type GuestOrder,
  unknownError,
} from './message.ts';
import { closeGlobal, tame } from './tame.ts';

/**
 * The script that runs in every sandbox before the plugin's own. It leaves its doors in the global `opsbroGuest`, which the host takes away before
 * it lets the plugin in: no function of the host is in reach of a guest, all that leaves it is text that the host fetches.
 */
const longestError = 1024;
const longestStack = 4096;
/** What a message is made of beside the value. */
const envelope = 100;

const runs = new Map<number, GuestRun>();
const outbox: string[] = [];
let time: { at: [number, number]; began: number } = { at: [0, 0], began: 0 };
let plugin: unknown;
let lateCalls = 0;

function send(message: GuestMessage): void {
  outbox.push(JSON.stringify(message));
}

function post(text: string): void {
  const command = JSON.parse(text) as GuestCommand;
  time = { at: command.at, began: Date.now() };
  if (command.do === 'begin') {
    // What is interrupted passes by every catch of an async function, and is told here.
    perform(command).catch((thrown: unknown) => {
      runs.delete(command.run);
      send({ type: 'failed', run: command.run, error: describe(thrown) });
    });
    return;
  }
  const run = runs.get(command.run);
  if (run === undefined) return;
  if (command.do === 'settle') run.settle(command.call, command);
  else {
    runs.delete(command.run);
    // A handler's state is kept when it fails: whom it has told it need not tell again.
    const kept = plainState(run);
    const error = { ...nothing, stack: run.waitsAt.slice(0, longestStack) };
    run.abort(command.error);
    if (kept !== undefined) send({ type: 'failed', run: command.run, error, state: kept });
  }
}

async function perform(order: GuestOrder): Promise<void> {
  const late = (): void => {
    lateCalls += 1;
  };
  const run = new GuestRun(order, { send, late, time: () => time });
  runs.set(order.run, run);
  let last: GuestMessage;
  try {
    const { value, dropped } = copyTree(await callVerb(order, run), resultLimits);
    last = { type: 'done', run: order.run, value, state: stateOf(run), dropped };
  } catch (thrown) {
    last = failure(order, run, thrown);
  }
  if (!runs.delete(order.run)) return;
  run.close();
  const text = JSON.stringify(last);
  const found = last.type === 'done' ? text.length - JSON.stringify(last.state).length : 0;
  if (found > order.limits.outputBytes + envelope)
    send({ type: 'breach', run: order.run, limit: 'output', found });
  else outbox.push(text);
}

function failure(order: GuestOrder, run: GuestRun, thrown: unknown): GuestMessage {
  const type = 'failed';
  try {
    if (thrown instanceof NotEligible)
      return { type: 'not-eligible', run: order.run, reason: thrown.message, state: stateOf(run) };
    const error = describe(thrown);
    const state = order.type === 'handle' ? plainState(run) : undefined;
    return { type, run: order.run, error, ...(state !== undefined && { state }) };
  } catch (again) {
    return { type, run: order.run, error: describe(again) };
  }
}

function callVerb(order: GuestOrder, run: GuestRun): unknown {
  const { type, object } = order;
  const context = run.makeContext();
  const holder = type === 'call' ? own(plugin, 'functions') : plugin;
  const verb = own(holder, type === 'call' ? object : type);
  if (typeof verb !== 'function') {
    const what = type === 'call' ? `function '${object}'` : `verb '${type}'`;
    const has = Object.keys(Object(holder) as object)
      .slice(0, 5)
      .join("', '");
    const advice =
      has === '' ? '' : `; it has '${has}'. Does 'kind' of its manifest say what its code defines?`;
    throw new OpsbroError('OPSBRO_PLUGIN_NO_VERB', `its code has no ${what}${type === 'call' ? '' : advice}`);
  }
  if (type === 'call') return verb.call(holder, context, ...(order.args ?? []));
  if (type === 'handle') return verb.call(holder, context, order.event);
  if (type === 'export') return verb.call(holder, context, order.facts ?? {});
  return verb.call(holder, context);
}

function own(holder: unknown, key: string): unknown {
  if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, key)) return undefined;
  return (holder as Record<string, unknown>)[key];
}

function stateOf(run: GuestRun): GuestRun['state'] {
  return copyTree(run.state, stateLimits).value as GuestRun['state'];
}

function plainState(run: GuestRun): GuestRun['state'] | undefined {
  try {
    return stateOf(run);
  } catch {
    return undefined;
  }
}

const nothing: GuestError = { code: '', name: '', message: '', stack: '' };

/** Reads a thrown thing, whose getters are the plugin's own code, into primitives. */
function describe(thrown: unknown): GuestError {
  const field = (name: string): unknown => {
    try {
      return (thrown as Record<string, unknown> | null)?.[name];
    } catch {
      return undefined;
    }
  };
  const text = (name: string, most: number): string => {
    const value = field(name);
    return typeof value === 'string' ? value.slice(0, most) : '';
  };
  const message = typeof thrown === 'string' ? thrown.slice(0, longestError) : text('message', longestError);
  const retryAfterMs = field('retryAfterMs');
  return {
    code: text('code', 100),
    name: text('name', 100),
    message: message === '' ? text('name', 100) || unknownError : message,
    stack: text('stack', longestStack),
    ...(typeof retryAfterMs === 'number' && Number.isFinite(retryAfterMs) && { retryAfterMs }),
    ...(field('permanent') === true && { permanent: true }),
  };
}

tame();
Object.assign(globalThis, {
  opsbroGuest: {
    post,
    /** Everything that was sent since the last time, a list as JSON text; '' for none. */
    drain(): string {
      const late: GuestMessage = { type: 'late', calls: lateCalls };
      // First, so that it is counted before a run ends.
      if (lateCalls > 0) outbox.unshift(JSON.stringify(late));
      lateCalls = 0;
      return outbox.length === 0 ? '' : `[${outbox.splice(0).join(',')}]`;
    },
    /** What the plugin's script threw, as JSON text. */
    explain: (thrown: unknown): string => JSON.stringify(describe(thrown)),
    /** Takes what the plugin's script left, and says whether it left anything. */
    adopt(): boolean {
      plugin = (globalThis as { opsbroPlugin?: unknown }).opsbroPlugin;
      closeGlobal();
      return typeof plugin === 'object' && plugin !== null;
    },
  },
});
