import { readdirSync } from 'node:fs';

/**
 * Runs `start`, which starts one thread of this process, and gives with what it returns the number that the kernel knows that thread by; 0 where that
 * cannot be told. A thread that gets no processor cannot tell it itself.
 */
export function startThread<Started>(start: () => Started): { started: Started; number: number } {
  const before = new Set(threadNumbers());
  const started = start();
  return { started, number: threadNumbers().findLast((number) => !before.has(number)) ?? 0 };
}

function threadNumbers(): number[] {
  try {
    return readdirSync('/proc/self/task').map(Number);
  } catch {
    return [];
  }
}
