import type { ServiceState } from '../report.ts';
import type { MonitoredService } from './config.ts';
import { mayWaitMs, newTiming, type Timing } from './schedule.ts';

/** A service and what is known of its runs. */
export interface Member {
  service: MonitoredService;
  timing: Timing;
}

/** A member that was never run. */
export function newMember(service: MonitoredService): Member {
  return { service, timing: newTiming(service.periodS, service.maxLagS) };
}

/** What a round needs of its monitor. */
export interface RoundDeps {
  run(service: MonitoredService): Promise<ServiceState>;
  clock(): number;
  /** Takes the states that go out together, and the longest period among them. */
  report(periodS: number, states: ServiceState[]): void;
  /** Whether a member still counts; a reload may have removed it while it ran. */
  isCurrent(member: Member): boolean;
}

/**
 * Runs some services at once and reports them together; but those that have ended do not wait for slower ones longer than their own period
 * allows. Resolves once all are reported.
 */
export async function runRound(members: readonly Member[], deps: RoundDeps): Promise<void> {
  const { clock } = deps;
  const began = clock();
  const ended: { member: Member; state: ServiceState }[] = [];
  let left = members.length;
  let timer: NodeJS.Timeout | undefined;
  const report = (): void => {
    clearTimeout(timer);
    const batch = ended.splice(0).filter(({ member }) => deps.isCurrent(member));
    if (batch.length === 0) return;
    for (const { member } of batch) member.timing.reportedAt = clock();
    const period = Math.max(...batch.map(({ member }) => member.service.periodS));
    deps.report(
      period,
      batch.map(({ state }) => state),
    );
  };
  const runOne = async (member: Member): Promise<void> => {
    const { timing } = member;
    timing.startedAt = began;
    timing.running = true;
    try {
      const started = clock();
      const state = await deps.run(member.service);
      timing.lagMs = clock() - started;
      ended.push({ member, state });
    } finally {
      timing.running = false;
      left -= 1;
      if (left === 0) report();
      else if (ended.length > 0) {
        clearTimeout(timer);
        timer = setTimeout(report, Math.min(...ended.map((one) => mayWaitMs(one.member.timing, clock()))));
      }
    }
  };
  await Promise.all(members.map(runOne));
}
