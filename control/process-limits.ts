import { readFileSync } from 'node:fs';

/** What an agent with all its threads, commands and connections may have open at a busy moment. */
const neededFiles = 1024;

let lastBytes = 0;

/** The resident set of this process. Reading it takes a descriptor: where none is left it is what it was last, which is no reason to die. */
export function residentBytes(read: () => number = process.memoryUsage.rss): number {
  try {
    lastBytes = read();
  } catch {
    // Known soon again.
  }
  return lastBytes;
}

/** What is wrong with how many files this process may have open, by /proc/self/limits; undefined when nothing is, or where that is not told. */
export function fileLimitAdvice(read: () => string = readLimits): string | undefined {
  const [, text] = /^Max open files +(\d+) /m.exec(read()) ?? [];
  if (text === undefined || Number(text) >= neededFiles) return undefined;
  return `the agent may have ${text} files open, and plugins fail when it needs more: allow ${neededFiles} or more ('ulimit -n', LimitNOFILE= of a unit)`;
}

function readLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'latin1');
  } catch {
    return '';
  }
}
