import { readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { bootId } from './boot.ts';

/** Nobody has the turn. */
const free = 'free';
const prefix = 'turn-';

/**
 * The right to send what a directory holds, for one process at a time. Each change of hands makes a symbolic link with the next number, which
 * only one process can; its target names the holder. The highest link is never removed, so a slow process cannot take an old number for the
 * newest. The turn of a process that is gone, however it ended, is anybody's.
 */
export class SendingTurn {
  readonly #directory: string;
  readonly #number: number;

  private constructor(directory: string, number: number) {
    this.#directory = directory;
    this.#number = number;
  }

  /** Takes the turn; undefined while another process has it. */
  static take(directory: string): SendingTurn | undefined {
    const last = highest(directory);
    if (last > 0 && isHeld(linkOf(directory, last))) return undefined;
    const number = last + 1;
    if (!make(directory, number, holder(process.pid))) return undefined;
    if (highest(directory) !== number) {
      rmSync(linkOf(directory, number), { force: true });
      return undefined;
    }
    clear(directory, number);
    return new SendingTurn(directory, number);
  }

  /** Gives the turn up. */
  release(): void {
    if (make(this.#directory, this.#number + 1, free)) clear(this.#directory, this.#number + 1);
  }
}

function linkOf(directory: string, number: number): string {
  return join(directory, `${prefix}${String(number).padStart(12, '0')}`);
}

function numbers(directory: string): number[] {
  return readdirSync(directory)
    .filter((name) => name.startsWith(prefix))
    .map((name) => Number(name.slice(prefix.length)));
}

function highest(directory: string): number {
  return Math.max(0, ...numbers(directory));
}

/** False when another process was first. */
function make(directory: string, number: number, target: string): boolean {
  try {
    symlinkSync(target, linkOf(directory, number));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes the links below `number`. */
function clear(directory: string, number: number): void {
  for (const old of numbers(directory)) if (old < number) rmSync(linkOf(directory, old), { force: true });
}

function isHeld(link: string): boolean {
  let target: string;
  try {
    target = readlinkSync(link);
  } catch {
    // Somebody has just taken the next number, and removed this one.
    return true;
  }
  if (target === free) return false;
  const pid = Number(target.split(':')[0]);
  return pid > 0 && holder(pid) === target;
}

/** A process of this boot, by number and time of start, so that a later one with its number is another. Of one that is gone, nothing like it. */
function holder(pid: number): string {
  return `${pid}:${startOf(pid)}:${bootId()}`;
}

function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // After the name in parentheses, which may hold anything; the time of start is field 22 (proc(5)).
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? 'gone' : (fields[18] ?? '');
  } catch {
    return isAlive(pid) ? '' : 'gone';
  }
}

/** For systems without /proc. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
