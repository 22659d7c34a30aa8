import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { usualEnvironment } from '../../exec/lanes/launch.ts';
import { pause } from './agent.ts';
import { type TreeUsage, treeUsage } from './proc-tree.ts';

/** What one side did in a round. CPU times are of one check, in microseconds. */
export interface RoundFigures {
  perSecond: number;
  cpuMicros: number;
  /** Of that, what the plugin used itself, from its fork to its exit. */
  pluginMicros: number;
  /** Of that, what shells used that run it. */
  shellMicros: number;
}

/** What a process and all below it did between two moments. */
export class Round {
  readonly #root: number;
  readonly #before: TreeUsage;
  readonly #checks: number;
  readonly #at = performance.now();

  /** Begins now, at which `checks` have ended. */
  constructor(root: number, checks: number) {
    this.#root = root;
    this.#before = treeUsage(root);
    this.#checks = checks;
  }

  /** Ends now. */
  end(checks: number): RoundFigures {
    const [after, before] = [treeUsage(this.#root), this.#before];
    const done = checks - this.#checks;
    const micros = (ms: number): number => (ms / done) * 1000;
    return {
      perSecond: (done / (performance.now() - this.#at)) * 1000,
      cpuMicros: micros(after.cpuMs - before.cpuMs),
      pluginMicros: micros(after.endedCpuMs - before.endedCpuMs),
      shellMicros: micros(after.shellCpuMs - before.shellCpuMs),
    };
  }
}

const source = (name: string): string =>
  fileURLToPath(new URL(`../../../test/bench/${name}`, import.meta.url));
const startMs = 120_000;

/** Compiles a C file that lies beside this one. */
export function compile(name: string, target: string, ...flags: string[]): string {
  execFileSync('gcc', ['-O2', '-o', target, ...flags, source(name)]);
  return target;
}

/**
 * Writes a configuration for Nagios Core below `folder`: one host with `services` services that run `command` every second, and
 * whatever its manual advises for many of them. Returns the path of the main file.
 */
export function writeNagios(folder: string, services: number, command: string): string {
  mkdirSync(join(folder, 'spool', 'checkresults'), { recursive: true });
  // Nagios gives up its rights, and its user must get here.
  for (const path of [folder, join(folder, 'spool'), join(folder, 'spool', 'checkresults')])
    chmodSync(path, 0o777);
  const objects = join(folder, 'objects.cfg');
  const service = (index: number): string =>
    `define service {\n host_name bench\n service_description s${index}\n check_command dummy\n check_interval 1\n` +
    ' retry_interval 1\n max_check_attempts 3\n check_period always\n' +
    ' notification_period always\n contacts nobody\n notifications_enabled 0\n}\n';
  writeFileSync(
    objects,
    `define timeperiod {\n timeperiod_name always\n alias always\n${days.map((day) => ` ${day} 00:00-24:00\n`).join('')}}\n` +
      `define command {\n command_name dummy\n command_line ${command}\n}\n` +
      'define contact {\n contact_name nobody\n host_notification_period always\n service_notification_period always\n' +
      ' host_notification_commands dummy\n service_notification_commands dummy\n}\n' +
      'define host {\n host_name bench\n address 127.0.0.1\n max_check_attempts 3\n active_checks_enabled 0\n check_period always\n contacts nobody\n}\n' +
      Array.from({ length: services }, (_, index) => service(index)).join(''),
  );
  const module = compile('nagios-peer.c', join(folder, 'counter.so'), '-shared', '-fPIC');
  const settings: [string, string | number][] = [
    ['cfg_file', objects],
    ['log_file', join(folder, 'spool', 'nagios.log')],
    ['object_cache_file', join(folder, 'spool', 'objects.cache')],
    ['precached_object_file', join(folder, 'spool', 'objects.precache')],
    ['status_file', join(folder, 'spool', 'status.dat')],
    ['state_retention_file', join(folder, 'spool', 'retention.dat')],
    ['command_file', join(folder, 'spool', 'nagios.cmd')],
    ['query_socket', join(folder, 'spool', 'nagios.qh')],
    ['lock_file', join(folder, 'spool', 'nagios.pid')],
    ['temp_file', join(folder, 'spool', 'nagios.tmp')],
    ['temp_path', join(folder, 'spool')],
    ['check_result_path', join(folder, 'spool', 'checkresults')],
    ['nagios_user', 'nagios'],
    ['nagios_group', 'nagios'],
    ['broker_module', `${module} ${join(folder, 'spool', 'count')}`],
    ['event_broker_options', -1],
    ['interval_length', 1],
    ['check_workers', 4],
    ['service_inter_check_delay_method', 'n'],
    ['service_interleave_factor', 1],
    ['max_concurrent_checks', 0],
    ['check_result_reaper_frequency', 1],
    ['use_large_installation_tweaks', 1],
    ['enable_environment_macros', 0],
    ['enable_notifications', 0],
    ['enable_event_handlers', 0],
    ['enable_flap_detection', 0],
    ['check_external_commands', 0],
    ['retain_state_information', 0],
    ['check_for_updates', 0],
    ['check_service_freshness', 0],
    ['status_update_interval', 30],
    ['use_syslog', 0],
  ];
  const main = join(folder, 'nagios.cfg');
  writeFileSync(main, settings.map(([name, value]) => `${name}=${value}\n`).join(''));
  return main;
}

const days = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

/**
 * Runs Nagios Core for one round, from a start of its own, with the environment that our own commands have: measures for `seconds` once
 * it has done `warm` checks.
 */
export async function runNagios(main: string, warm: number, seconds: number): Promise<RoundFigures> {
  const counter = join(main, '..', 'spool', 'count');
  writeFileSync(counter, Buffer.alloc(8));
  chmodSync(counter, 0o666);
  const child = spawn('nagios4', [main], { stdio: 'ignore', env: usualEnvironment });
  const pid = child.pid ?? 0;
  const counted = (): number => Number(readFileSync(counter).readBigUInt64LE(0));
  try {
    const until = performance.now() + startMs;
    while (counted() < warm) {
      if (performance.now() > until || child.exitCode !== null)
        throw new Error(`nagios4 ${main} does not check`);
      await pause(100);
    }
    const round = new Round(pid, counted());
    await pause(seconds * 1000);
    return round.end(counted());
  } finally {
    await end(child);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(timer);
}

/** Whether all of these programs are installed; a name is looked for where Debian puts it. */
export function installed(...paths: string[]): boolean {
  return paths.every((path) => existsSync(path));
}
