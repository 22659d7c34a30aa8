import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandRequest, type CommandResult, commandDefaults, maxLanes } from '../../../exec/command.ts';
import { LanePool } from '../../../exec/lanes/lane-pool.ts';

/** A real pool whose results come as promises. */
export interface PoolFixture {
  directory: string;
  groups: Int32Array;
  run(request: CommandRequest): Promise<CommandResult>;
  /** Ends the command that was handed in last. */
  endLast(): void;
  dispose(): void;
}

/** Opens a pool over real shells, with `fast` lanes for short commands; from `least` on, as if so much of the processors were idle. */
export function openPool(shell = '/bin/sh', fast = 4, max = maxLanes, least = fast, idle = 0): PoolFixture {
  const directory = mkdtempSync(join(tmpdir(), 'opsbro-exec-'));
  // Lanes of other users have directories in it.
  chmodSync(directory, 0o711);
  const groups = new Int32Array(maxLanes);
  const waiting = new Map<number, (result: CommandResult) => void>();
  const ended = (result: CommandResult): void => {
    const resolve = waiting.get(result.id);
    if (resolve === undefined) throw new Error(`command ${result.id} ended twice`);
    waiting.delete(result.id);
    resolve(result);
  };
  const bounds = { least, usual: fast, fast, max, reserved: 1 };
  const processors = { isKnown: true, use: () => ({ idle, own: 0, thread: 0 }) };
  const pool = new LanePool({ shell, directory, bounds, processors, groups, ended });
  let lastId = 0;
  return {
    directory,
    groups,
    run(request) {
      lastId += 1;
      const id = lastId;
      return new Promise((resolve) => {
        waiting.set(id, resolve);
        pool.submit({ ...commandDefaults, ...request, id });
      });
    },
    endLast: () => pool.end(lastId),
    dispose() {
      pool.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Processes whose command line or environment holds a text. */
export function processesWith(text: string, file: 'cmdline' | 'environ' = 'cmdline'): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      if (!Number.isInteger(pid) || pid === process.pid) return false;
      try {
        return readFileSync(`/proc/${pid}/${file}`, 'latin1').includes(text);
      } catch {
        return false;
      }
    });
}
