import { threadMs } from '../../threads/quickjs/thread-time.ts';

/** The kernel counts at its ticks (4 ms with HZ=250): a reading this old is as good as a new one, and reading costs more than most runs do. */
const freshMs = 4;
/** In less than this hardly another thread had its turn, and the wall clock is as good. */
const shortMs = 1;

let last = { wall: Number.NEGATIVE_INFINITY, counted: 0 };

/**
 * Measures this thread's processor time from its making, by two clocks. The wall clock never tells less, and asks no system call: what it finds
 * short is taken as it is. Only for more the kernel is asked, whose count may hold up to a tick from before, or stand still between two ticks,
 * when nothing else ran. That holds for what lies between two readings of the count: the wall is read inside of them, as another thread may have
 * its turn, for as long as a busy host likes, between any two readings.
 */
export class Meter {
  readonly #counted = performance.now() - last.wall < freshMs ? last.counted : read();
  readonly #began = performance.now();

  /** What has passed, ms. */
  spentMs(): number {
    const passed = performance.now() - this.#began;
    if (passed < shortMs) return passed;
    const counted = read() - this.#counted;
    return counted === 0 ? passed : Math.min(counted, passed);
  }

  /** Whether more has passed; to be asked often. */
  isBeyond(ms: number): boolean {
    return performance.now() - this.#began > ms && this.spentMs() > ms;
  }
}

function read(): number {
  const counted = threadMs();
  last = { counted, wall: performance.now() };
  return counted;
}
