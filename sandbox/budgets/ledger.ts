import type { RunUsage } from '../engine/protocol.ts';
import type { LimitName } from './breach.ts';
import { CpuWindow } from './cpu-window.ts';
import { type Conduct, goodConduct, judge } from './repetition.ts';

const runsRemembered = 100;
/** An instance reserves it, and touches a small part of it. */
const leastMemoryBytes = 16 * 2 ** 20;

/** What `plugins show` tells of a sandboxed plugin, since the agent started. */
export interface SandboxFigures {
  cpu_ms: number | null;
  cpu_p99_ms: number | null;
  cpu_minute_ms: number;
  memory_bytes: number | null;
  host_calls: number;
  late_calls: number;
  denials: number;
  /** The last thing that was denied. */
  denied: string | null;
  /** How often each limit was broken. */
  breaches: { [limit in LimitName]?: number };
  /** Threads that were terminated because of it. */
  kills: number;
}

/** What one plugin used up and did, and how it is judged. */
export class Ledger {
  /** Of its instance, beyond what every instance has. */
  grownBytes = 0;
  readonly #minute = new CpuWindow();
  readonly #cpuMs: number[] = [];
  readonly #breaches = new Map<LimitName, number>();
  #conduct: Conduct = goodConduct;
  #memoryBytes: number | null = null;
  #hostCalls = 0;
  #lateCalls = 0;
  #denials = 0;
  #denied: string | null = null;
  #kills = 0;

  /** Processor time of the last minute. */
  usedMs(now: number): number {
    return this.#minute.used(now);
  }

  /** Enters a run, and says why its plugin is to be quarantined, or null. */
  enter(usage: RunUsage, now: number): string | null {
    this.#spent(usage.cpuMs, now);
    if (usage.memoryBytes > 0) {
      this.#memoryBytes = usage.memoryBytes;
      this.grownBytes = usage.memoryBytes - leastMemoryBytes;
    }
    this.#hostCalls += usage.hostCalls;
    this.#lateCalls += usage.lateCalls;
    this.#denials += usage.denials;
    this.#denied = usage.denied ?? this.#denied;
    const limit = usage.breach?.limit ?? null;
    if (limit !== null) this.#breaches.set(limit, (this.#breaches.get(limit) ?? 0) + 1);
    const { denials, denied } = usage;
    return this.#judge({ denials, denied, breach: limit, killed: false }, now);
  }

  /** Enters a run whose thread had to be terminated. */
  killed(cpuMs: number, now: number): string | null {
    this.#spent(cpuMs, now);
    this.#kills += 1;
    this.#breaches.set('cpu', (this.#breaches.get('cpu') ?? 0) + 1);
    return this.#judge({ denials: 0, denied: null, breach: 'cpu', killed: true }, now);
  }

  /** What it did so far no longer counts against it. */
  forgive(): void {
    this.#conduct = goodConduct;
  }

  figures(now: number): SandboxFigures {
    const sorted = [...this.#cpuMs].sort((a, b) => a - b);
    return {
      cpu_ms: rounded(this.#cpuMs.at(-1)),
      cpu_p99_ms: rounded(sorted[Math.ceil(sorted.length * 0.99) - 1]),
      cpu_minute_ms: rounded(this.#minute.used(now)) ?? 0,
      memory_bytes: this.#memoryBytes,
      host_calls: this.#hostCalls,
      late_calls: this.#lateCalls,
      denials: this.#denials,
      denied: this.#denied,
      breaches: Object.fromEntries(this.#breaches),
      kills: this.#kills,
    };
  }

  #spent(cpuMs: number, now: number): void {
    this.#minute.add(cpuMs, now);
    this.#cpuMs.push(cpuMs);
    if (this.#cpuMs.length > runsRemembered) this.#cpuMs.shift();
  }

  #judge(deed: Parameters<typeof judge>[1], now: number): string | null {
    const { conduct, reason } = judge(this.#conduct, deed, now);
    this.#conduct = reason === null ? conduct : goodConduct;
    return reason;
  }
}

function rounded(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms * 100) / 100;
}
