import type { Json, JsonObject } from 'opsbro/sdk';
import type {
  CheckObject,
  CollectorObject,
  ConfigPlan,
  DetectorObject,
  HandlerObject,
  PluginEntry,
  ServiceObject,
} from '../../../configuration/model.ts';
import { checkAlerting, statePolicy } from '../../../configuration/policy/check-policy.ts';
import { handlerPolicy } from '../../../configuration/policy/handler-policy.ts';
import { Board } from '../../../core/board/board.ts';
import { Bus } from '../../../core/board/bus.ts';
import type { HostDeps, HostLog } from '../../../core/host/deps.ts';
import { ObjectTable } from '../../../core/host/objects.ts';
import { PluginStates } from '../../../core/host/plugin-states.ts';
import { Registry } from '../../../core/host/registry.ts';
import { Runner } from '../../../core/host/runner.ts';
import { AgentHolds } from '../../../core/notify/holds.ts';
import { Notifications } from '../../../core/notify/notifications.ts';
import { Quarantine } from '../../../core/quarantine/quarantine.ts';
import { Scheduler } from '../../../core/schedule/scheduler.ts';
import type { Facts, Outcome, Program } from '../../../language/program.ts';
import type { CrashJournal } from '../../../store/crash-journal.ts';
import type { Job, JobResult } from '../../../threads/protocol.ts';
import { HandClock } from '../schedule/test-clock.ts';

/** The host's parts on a hand-moved clock, with the threads replaced by functions: for the order of things, not for the threads. */
export interface HostBench {
  deps: HostDeps;
  clock: HandClock;
  runner: Runner;
  jobs: Job[];
  rules: string[][];
  kept: Map<string, Json>;
  /** What was logged, as `level message`. */
  lines: string[];
  /** Moves the clock and lets what that started settle. */
  advance(ms: number): Promise<void>;
  /** So many seconds of an agent that is awake: it looks for what is late once a second. */
  awake(seconds: number): Promise<void>;
  /** What the next jobs of a plugin come to. */
  answers: Map<string, JobResult>;
  outcomes: Map<string, Outcome>;
}

/** A job that ended well. */
export function done(value: Json, state: JsonObject | null = null): JobResult {
  return {
    status: 'done',
    value,
    state,
    logs: [],
    logsDropped: 0,
    heapUsedBytes: 1,
    heapLimitBytes: 2,
    durationMs: 1,
  };
}

/** A job that failed. */
export function failed(code: string): JobResult {
  return {
    status: 'failed',
    error: { code, message: 'because' },
    logs: [],
    logsDropped: 0,
    heapUsedBytes: 1,
    heapLimitBytes: 2,
    durationMs: 1,
  };
}

/** A job that found nothing to do here. */
export function notEligible(reason: string): JobResult {
  return { ...done(null), status: 'not-eligible', reason } as JobResult;
}

function recorder(lines: string[]): HostLog {
  const write = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

export function hostBench(): HostBench {
  const clock = new HandClock();
  const lines: string[] = [];
  const bus = new Bus();
  const board = new Board(bus);
  const kept = new Map<string, Json>();
  const store = {
    async put(batch: { put?: [string, Json][]; del?: string[] }) {
      for (const [key, value] of batch.put ?? []) kept.set(key, structuredClone(value));
      for (const key of batch.del ?? []) kept.delete(key);
    },
    putOrNothing: (batch: { put?: [string, Json][]; del?: string[] }) => store.put(batch),
    putLazy: () => undefined,
    entries: async (): Promise<[string, Json][]> => [],
  };
  const jobs: Job[] = [];
  const rules: string[][] = [];
  const answers = new Map<string, JobResult>();
  const outcomes = new Map<string, Outcome>();
  let runner: Runner;
  const scheduler = new Scheduler({ clock, onDue: (ids) => runner.run(ids) });
  const deps = {
    clock,
    log: recorder(lines),
    table: new ObjectTable(),
    registry: new Registry(),
    board,
    bus,
    scheduler,
    pool: {
      async run(job: Job) {
        jobs.push(job);
        return answers.get(job.object) ?? done({ value: jobs.length });
      },
    },
    commands: { run: () => Promise.reject(new Error('no commands here')) },
    rules: {
      async evaluate(ids: string[]) {
        rules.push(ids);
        return ids.map((id) => outcomes.get(id) ?? { kind: 'verdict', state: 'ok', output: 'fine' });
      },
    },
    store,
    states: new PluginStates(store),
    quarantine: new Quarantine(store),
    journal: {} as CrashJournal,
    facts: () => ({}) as Facts,
    agentFacts: () => ({ agent: {} }),
  } as unknown as HostDeps;
  const tables = { downtimes: new Map(), acknowledgements: new Map(), silences: new Map() };
  deps.notifications = new Notifications(deps, 'host', new AgentHolds(deps, () => tables), () => undefined);
  runner = new Runner(deps);
  scheduler.start();
  const advance = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 50) {
      clock.advance(Math.min(50, left));
      await settle();
    }
  };
  return {
    deps,
    clock,
    runner,
    jobs,
    rules,
    kept,
    lines,
    answers,
    outcomes,
    advance,
    async awake(seconds) {
      for (let second = 0; second < seconds; second += 1) {
        await advance(1000);
        await runner.lookForLate();
      }
    },
  };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

const place = { file: '/etc/opsbro/config.d/x.yml', line: 1, column: 1 };
const scheduled = {
  pack: 'p',
  place,
  digest: 'd',
  enabled: true,
  intervalMs: 10_000,
  timeoutMs: 1000,
  ifGroup: null,
  options: {},
};

export function collectorObject(name: string, more: Partial<CollectorObject> = {}): CollectorObject {
  return {
    ...scheduled,
    kind: 'collector',
    id: `p/collector/${name}`,
    name,
    plugin: `collector/${name}`,
    ...more,
  };
}

export function checkObject(
  name: string,
  collectors: string[],
  more: Partial<CheckObject> = {},
): CheckObject {
  const id = `p/check/${name}`;
  return {
    ...scheduled,
    kind: 'check',
    id,
    name,
    plugin: 'check/rule',
    displayName: name,
    ...statePolicy({}, () => {}),
    ...checkAlerting('', {}, [], new Set(), () => {}),
    attempts: 1,
    tests: [],
    data: {},
    program: program(id, 'check', collectors),
    ...more,
  };
}

export function detectorObject(
  name: string,
  collectors: string[],
  more: Partial<DetectorObject> = {},
): DetectorObject {
  const id = `p/detector/${name}`;
  return {
    ...scheduled,
    kind: 'detector',
    id,
    name,
    plugin: 'detector/rule',
    program: program(id, 'detector', collectors),
    ...more,
  };
}

export function handlerObject(name: string, more: Partial<HandlerObject> = {}): HandlerObject {
  return {
    kind: 'handler',
    id: `p/handler/${name}`,
    pack: 'p',
    name,
    place,
    digest: 'd',
    plugin: 'handler/log',
    enabled: true,
    severities: ['ok', 'warning', 'critical', 'unknown'],
    ifGroup: null,
    timeoutMs: 1000,
    options: {},
    ...handlerPolicy('', {}, new Set(), () => {}),
    ...more,
  };
}

export function serviceObject(name: string, more: Partial<ServiceObject> = {}): ServiceObject {
  return {
    kind: 'service',
    id: `p/service/${name}`,
    pack: 'p',
    name,
    place,
    digest: 'd',
    plugin: `listener/${name}`,
    enabled: true,
    enabledIfGroup: null,
    options: {},
    ...more,
  };
}

function program(id: string, kind: 'check' | 'detector', collectors: string[]): Program {
  return {
    id,
    kind,
    language: 'opsbro',
    source: '',
    constants: [],
    references: collectors.map((collector) => ({ collector, path: ['a'], text: `collector.${collector}.a` })),
    functions: [],
  };
}

export function pluginEntry(id: string): PluginEntry {
  const [kind, name] = id.split('/') as ['collector', string];
  const module = id.endsWith('/rule') ? null : `/plugins/${id}.js`;
  return {
    id,
    manifest: { api: 1, kind, name, summary: '' },
    folder: '/plugins',
    module,
    origin: 'shipped',
    approval: 'shipped',
    digest: '',
  };
}

export function plan(objects: ConfigPlan['start'], more: Partial<ConfigPlan> = {}): ConfigPlan {
  const ids = [...new Set(objects.map(({ plugin }) => plugin))];
  return {
    generation: 1,
    start: objects,
    restart: [],
    stop: [],
    kept: 0,
    plugins: ids.map(pluginEntry),
    agent: null,
    diagnostics: [],
    badFiles: [],
    fileCount: 1,
    tookMs: 1,
    ...more,
  };
}
