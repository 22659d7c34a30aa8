import { AsyncLocalStorage } from 'node:async_hooks';
import { format } from 'node:util';
import type { Log } from 'opsbro/sdk';
import { OpsbroError } from '../core/errors.ts';
import { waitForSlowAddresses } from './slow-addresses.ts';

/** Whose code runs: one run of a verb, or one service. */
export interface Scope {
  readonly plugin: string;
  readonly log: Log;
  /** Takes an error that left the plugin's hands: thrown in a callback, an unhandled rejection, or a call of `process.exit`. */
  blame(error: unknown): void;
}

/**
 * The scope of the code that runs now, followed through everything asynchronous it starts: for threads in which several run. It makes every
 * promise dearer.
 */
export const scopes = new AsyncLocalStorage<Scope>();

/**
 * Makes a thread of plugins as hard to break as Node allows: errors nobody catches go to the scope that caused them (or to `fallback` when nobody
 * knows) and the thread goes on; `process.exit` throws; signals to the agent itself are refused; `console` goes to the
 * plugin's log; connections wait for slow addresses; nobody can add to `Object.prototype` or `Array.prototype` (freezing them would break
 * code that shadows their methods by assignment).
 */
export function containThread(scopeNow: () => Scope | undefined, fallback: (error: unknown) => void): void {
  const blame = (error: unknown): void => {
    const scope = scopeNow();
    if (scope === undefined) fallback(error);
    else scope.blame(error);
  };
  process.on('uncaughtException', blame);
  process.on('unhandledRejection', blame);
  Object.preventExtensions(Object.prototype);
  Object.preventExtensions(Array.prototype);
  waitForSlowAddresses();
  refuseExit(blame);
  refuseKill();
  redirectConsole(scopeNow);
}

function refuseExit(blame: (error: unknown) => void): void {
  const exit = (code?: unknown): never => {
    const error = new OpsbroError(
      'OPSBRO_PLUGIN_EXITED',
      `the plugin called process.exit(${String(code ?? '')})`,
    );
    // Told before it is thrown: a plugin that catches everything has still ended its run.
    blame(error);
    throw error;
  };
  Object.assign(process, { exit, reallyExit: exit });
}

function refuseKill(): void {
  const kill = process.kill.bind(process);
  process.kill = (pid, signal) => {
    // 0 and -1 mean the agent's own group and everybody.
    const target = Math.abs(Number(pid));
    if (signal !== 0 && (!(target > 1) || target === process.pid || target === process.ppid)) {
      throw new OpsbroError(
        'OPSBRO_PLUGIN_FAILED',
        `process.kill(${String(pid)}) would signal the agent itself`,
      );
    }
    return kill(pid, signal);
  };
}

function redirectConsole(scopeNow: () => Scope | undefined): void {
  const levels = {
    debug: 'debug',
    trace: 'debug',
    log: 'info',
    info: 'info',
    warn: 'warn',
    error: 'error',
  } as const;
  for (const [name, level] of Object.entries(levels)) {
    const write = (...parts: unknown[]): void => scopeNow()?.log[level](format(...parts));
    Object.assign(globalThis.console, { [name]: write });
  }
}
