import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemClock } from '../../core/clock.ts';
import type { CommandRequest } from '../../exec/command.ts';
import { ExecClient } from '../../exec/exec-client.ts';
import { usualEnvironment } from '../../exec/lanes/launch.ts';
import { runAgent, writeServices } from './nagios-agent.ts';
import { compile, installed, Round, type RoundFigures, runNagios, writeNagios } from './nagios-peer.ts';
import {
  alternate,
  atLeastRatio,
  atMost,
  type Bench,
  type BenchCheck,
  briefRounds,
  median,
  peerAbsent,
  resultOf,
  shown,
} from './result.ts';

const unit = 'checks/s';
const services = 6000;
const reach = 1.5;
/** Against the C program: fewer services that are due more often saturate the machine as well, and none wait at the end of a round. */
const few = 500;
const fewMs = 100;
const tickMs = 50;
const plugin = '/usr/lib/nagios/plugins/check_dummy';
const command = `${plugin} 0 fine`;
const simple: CommandRequest = { argv: [plugin, '0', 'fine'] };
/** What only a shell can carry out, so that the lane forks a subshell; the peer starts the program and nothing else. */
const compound: CommandRequest = { shell: `${plugin} \${NONE:-0} fine` };

/**
 * `check_dummy` of 6,000 services that are due every second, which no machine of this size can do: a whole agent with these checks from
 * YAML against Nagios Core with the same services. Then the exec client alone, whose main thread hands in what is due every 50 ms as the
 * scheduler does, against a C program that does nothing but start the plugin by posix_spawn and read its pipe. All give the plugin the same
 * environment: with a locale of UTF-8 it opens forty files more. `agent`, `words` and `script` as words run that part alone.
 */
export const bench: Bench = async ({ args, brief, say }) => {
  if (!installed(plugin, '/usr/sbin/nagios4', '/usr/bin/gcc'))
    return peerAbsent('nagios', unit, reach, 'nagios4-core monitoring-plugins-basic gcc');
  const folder = mkdtempSync(join(tmpdir(), 'opsbro-bench-nagios-'));
  const load = new Load(folder);
  const seconds = brief ? 2 : 6;
  const rounds = brief ? briefRounds : 7;
  // Both sides run for months: the seconds in which they get going are not what is compared.
  const warm = brief ? services : 3 * services;
  try {
    const nagios = writeNagios(folder, services, command);
    const configuration = writeServices(services, command);
    const spawner = compile('spawn-peer.c', join(folder, 'spawn-peer'));
    const limit = compile('spawn-limit.c', join(folder, 'spawn-limit'));
    const compare = async (name: string, least: number, ours: Side, peer: Side): Promise<BenchCheck> => {
      const figures = { ours: [] as RoundFigures[], peer: [] as RoundFigures[] };
      const turn = (side: Side, kept: RoundFigures[]) => async (): Promise<number> => {
        const round = await side();
        kept.push(round);
        return round.perSecond;
      };
      say(`  ${name}`);
      const result = await alternate(rounds, turn(ours, figures.ours), turn(peer, figures.peer), say);
      say(`  CPU of a check, µs: ours ${cpuOf(figures.ours)}; peer ${cpuOf(figures.peer)}`);
      say(`  quartiles of the ratio ${shown(result.lowerQuartile)} to ${shown(result.upperQuartile)}`);
      return atLeastRatio(name, result, least);
    };
    await load.run(simple, few, fewMs, 1);
    const atOnce = brief ? 8 : await best(spawner);
    say(`  the C program runs with ${atOnce} children at a time`);
    const spawned = (): Promise<RoundFigures> => runSpawner(spawner, seconds, atOnce);
    const lateness: number[] = [];
    const whole = async (): Promise<RoundFigures> => {
      const round = await runAgent(configuration, warm, seconds);
      lateness.push(round.latenessMs);
      return round;
    };
    const wanted = (part: string): boolean => args.length === 0 || args.includes(part);
    const checks: BenchCheck[] = [];
    if (wanted('agent')) {
      const name = 'whole agent and Nagios Core, 6,000 services at 1 s';
      checks.push(await compare(name, reach, whole, () => runNagios(nagios, warm, seconds)));
      say(`  ticks of the agent late, p99 of each round, ms: ${lateness.map(shown).join(', ')}`);
      const late = 'tick of the agent late at full load, p99, median of the rounds, ms';
      checks.push(atMost(late, median(lateness), 20));
    }
    for (const [part, name, least, request] of [
      ['words', 'C program, plain words', 1.15, simple],
      ['script', 'C program, a script', 0.85, compound],
    ] as const)
      if (wanted(part))
        checks.push(await compare(name, least, () => load.run(request, few, fewMs, seconds), spawned));
    if (wanted('words'))
      say(`  with no output taken at all: ${await limitOf(limit, spawned)} of the C program`);
    return resultOf('nagios', unit, checks);
  } finally {
    await load.client.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};

type Side = () => Promise<RoundFigures>;

/** Where the time of a check goes, of the median of the rounds. */
function cpuOf(rounds: RoundFigures[]): string {
  const of = (figure: (round: RoundFigures) => number): string => shown(median(rounds.map(figure)));
  const rest = of(({ cpuMicros, pluginMicros, shellMicros }) => cpuMicros - pluginMicros - shellMicros);
  return (
    `${of(({ cpuMicros }) => cpuMicros)} (plugin ${of(({ pluginMicros }) => pluginMicros)}, ` +
    `shells ${of(({ shellMicros }) => shellMicros)}, the rest ${rest})`
  );
}

/** A main thread that runs services, as the scheduler does. */
class Load {
  readonly client: ExecClient;

  constructor(folder: string) {
    this.client = new ExecClient({ dataDirectory: folder, clock: systemClock });
  }

  /** Runs a command for each of `count` services every `intervalMs`, or as often as the machine can, for `seconds`. */
  async run(
    request: CommandRequest,
    count: number,
    intervalMs: number,
    seconds: number,
  ): Promise<RoundFigures> {
    const due = new Float64Array(count);
    const busy = new Uint8Array(count);
    const wrong: string[] = [];
    let done = 0;
    const start = (index: number, now: number): void => {
      busy[index] = 1;
      due[index] = Math.max((due[index] ?? 0) + intervalMs, now);
      void this.client.run(request).then(({ state, output }) => {
        busy[index] = 0;
        done += 1;
        if (state !== 'ok' || output !== 'OK: fine') wrong.push(`${state} ${output}`);
      });
    };
    const submit = (): void => {
      const now = performance.now();
      for (let index = 0; index < count; index += 1)
        if (busy[index] === 0 && now >= (due[index] ?? 0)) start(index, now);
    };
    submit();
    await this.#tick(500, submit);
    const round = new Round(process.pid, done);
    await this.#tick(seconds * 1000, submit);
    const figures = round.end(done);
    while (this.client.pending > 0) await new Promise((resolve) => setTimeout(resolve, tickMs));
    if (wrong.length > 0) throw new Error(`${wrong.length} checks failed: ${wrong[0]}`);
    return figures;
  }

  async #tick(forMs: number, work: () => void): Promise<void> {
    const end = performance.now() + forMs;
    for (let at = performance.now() + tickMs; at < end; at = Math.max(at + tickMs, performance.now())) {
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, at - performance.now())));
      work();
    }
  }
}

async function runSpawner(path: string, seconds: number, atOnce: number): Promise<RoundFigures> {
  const [perSecond = 0, cpuMicros = 0, pluginMicros = 0] = await spawn(path, seconds, atOnce);
  return { perSecond, cpuMicros, pluginMicros, shellMicros: 0 };
}

/** How much of the C program's checks the host starts where nobody takes what they write: no more is to be had. Median of five, in turns. */
async function limitOf(path: string, spawned: Side): Promise<string> {
  const ratios: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const rates: number[] = [];
    for (const processes of [2, 3, 4]) rates.push((await spawn(path, 1, processes))[0] ?? 0);
    ratios.push(Math.max(...rates) / (await spawned()).perSecond);
  }
  return shown(median(ratios));
}

async function spawn(path: string, seconds: number, atOnce: number): Promise<number[]> {
  const words = [String(seconds), String(atOnce), plugin, '0', 'fine'];
  const { stdout } = await promisify(execFile)(path, words, { env: usualEnvironment });
  return stdout.split(' ').map(Number);
}

/** With how many children at a time the C program does most. */
async function best(path: string): Promise<number> {
  let found = { atOnce: 0, perSecond: 0 };
  for (const atOnce of [2, 4, 8, 16]) {
    const { perSecond } = await runSpawner(path, 1, atOnce);
    if (perSecond > found.perSecond) found = { atOnce, perSecond };
  }
  return found.atOnce;
}
