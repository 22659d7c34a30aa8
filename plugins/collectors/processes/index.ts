import { type Context, counterChange, counterSample, defineCollector, type Tree } from 'opsbro/sdk';
import { countStates, type ProcessStat, parseProcessStat, parseStatus } from './stat.ts';
import { cpuPercentages, highest, recallTicks, rememberTicks } from './usage.ts';

/** Reads under way at once: enough to keep the threads that do them busy. */
const LANES = 8;

interface Options {
  top_processes: number;
  max_processes: number;
}

/** Reads /proc/PID/stat of every pid; a process that ended meanwhile is left out. */
async function readProcesses(ctx: Context<Options>, pids: readonly string[]): Promise<ProcessStat[]> {
  const processes: ProcessStat[] = [];
  const pending = pids.values();
  const lane = async () => {
    for (const pid of pending) {
      const text = await ctx.tryReadText(`/proc/${pid}/stat`, { maxBytes: 8192 });
      const stat = text === undefined ? undefined : parseProcessStat(text);
      if (stat) processes.push(stat);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return processes;
}

async function describe(
  ctx: Context<Options>,
  processes: readonly ProcessStat[],
  percentages: ReadonlyMap<number, number>,
): Promise<Tree[]> {
  const rows: Tree[] = [];
  for (const { pid, name } of processes) {
    const text = await ctx.tryReadText(`/proc/${pid}/status`, { maxBytes: 65_536 });
    const status = text === undefined ? undefined : parseStatus(text);
    if (!status) continue;
    const { uid, memoryBytes } = status;
    rows.push({ pid, name, uid, cpu_percent: percentages.get(pid) ?? 0, memory_bytes: memoryBytes });
  }
  return rows;
}

/** Yields the counts by state and the two top lists; CPU is measured from the second run on. */
export default defineCollector<Options>({
  async collect(ctx) {
    const entries = await ctx.list('/proc');
    const pids = entries.map((entry) => entry.name).filter((name) => /^\d+$/.test(name));
    if (pids.length === 0) return ctx.notEligible('/proc shows no process');
    const sample = counterSample(ctx.clock, {});
    const seconds = counterChange(ctx.state.sample, sample)?.seconds ?? 0;
    const { max_processes: maximum, top_processes: top } = ctx.options;
    const processes = await readProcesses(ctx, pids.slice(0, maximum));
    const percentages = cpuPercentages(processes, recallTicks(ctx.state.before), seconds);
    Object.assign(ctx.state, { sample, before: rememberTicks(processes) });
    const busiest = highest(processes, top, (process) => percentages.get(process.pid) ?? 0);
    const largest = highest(processes, top, (process) => process.residentPages);
    const skipped = Math.max(0, pids.length - maximum);
    return {
      total: processes.length + skipped,
      threads: processes.reduce((sum, process) => sum + process.threads, 0),
      ...countStates(processes),
      skipped,
      top_cpu: await describe(ctx, busiest, percentages),
      top_memory: await describe(ctx, largest, percentages),
    };
  },
});
