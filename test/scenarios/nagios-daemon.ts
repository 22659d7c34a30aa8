import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

const program = '/usr/sbin/nagios4';
const pollMs = 50;

/** Why no Nagios can be run here; undefined when it can. */
export const nagiosAbsent = [program, '/etc/nagios-plugins/config/ping.cfg']
  .filter((path) => !existsSync(path))
  .map((path) => `there is no ${path}: install nagios4-core and monitoring-plugins-basic`)[0];

/** A Nagios of the test's own: Debian's program and templates, everything else in a directory that goes with it. */
export class NagiosDaemon {
  readonly folder = mkdtempSync(join(tmpdir(), 'opsbro-nagios-'));
  readonly objects = join(this.folder, 'opsbro');
  readonly main = join(this.folder, 'nagios.cfg');
  readonly pipe = join(this.folder, 'nagios.cmd');
  readonly verifyCommand = `${program} -v ${this.main}`;
  #child: ChildProcess | undefined;

  constructor() {
    mkdirSync(this.objects);
    mkdirSync(join(this.folder, 'spool'));
    const user = userInfo().username;
    const group = execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim();
    const debian = ['commands', 'contacts', 'timeperiods', 'templates'];
    const own = (name: string): string => join(this.folder, name);
    writeFileSync(
      own('own.cfg'),
      'define host {\n use generic-host\n host_name keeper\n contact_groups admins\n max_check_attempts 1\n}\n' +
        'define service {\n use generic-service\n host_name keeper\n service_description self\n check_command check-host-alive\n}\n' +
        'define host {\n use generic-host\n name opsbro-host\n contact_groups admins\n register 0\n}\n',
    );
    const settings = [
      ...debian.map((name) => `cfg_file=/etc/nagios4/objects/${name}.cfg`),
      'cfg_file=/etc/nagios-plugins/config/ping.cfg',
      `cfg_file=${own('own.cfg')}`,
      `cfg_dir=${this.objects}`,
      `log_file=${own('nagios.log')}`,
      `object_cache_file=${own('objects.cache')}`,
      `status_file=${own('status.dat')}`,
      `state_retention_file=${own('retention.dat')}`,
      `command_file=${this.pipe}`,
      `query_socket=${own('nagios.qh')}`,
      `lock_file=${own('nagios.pid')}`,
      `temp_file=${own('nagios.tmp')}`,
      `temp_path=${this.folder}`,
      `check_result_path=${own('spool')}`,
      `nagios_user=${user}`,
      `nagios_group=${group}`,
      'illegal_macro_output_chars=`~$&|\'"<>',
      'check_external_commands=1',
      'check_result_reaper_frequency=1',
      'status_update_interval=1',
      'check_workers=1',
      'enable_notifications=0',
      'check_for_updates=0',
      'retain_state_information=1',
      'use_syslog=0',
      'log_passive_checks=1',
    ];
    writeFileSync(this.main, `${settings.join('\n')}\n`);
  }

  /** Makes it read its configuration again. */
  get reloadCommand(): string {
    return `kill -HUP ${this.#child?.pid}`;
  }

  /** Resolves once it has its command pipe. */
  async start(): Promise<void> {
    this.#child = spawn(program, [this.main], { stdio: 'ignore' });
    await this.until('its command pipe', () => existsSync(this.pipe) && this.status().has('host keeper'));
  }

  /** What `nagios4 -v` says of the whole configuration, and how it ended. */
  verify(): { clean: boolean; text: string } {
    try {
      const text = execFileSync(program, ['-v', this.main], { encoding: 'utf8' });
      return { clean: /Total Warnings: 0\nTotal Errors: {3}0/.test(text), text };
    } catch (error) {
      return { clean: false, text: String((error as { stdout?: unknown }).stdout) };
    }
  }

  /** What it made of its configuration: directives by `host NAME`, `hostgroup NAME`, `service HOST/NAME`. */
  cache(): Map<string, Map<string, string>> {
    return blocks(this.#read('objects.cache'), /^define (\w+) \{\n([\s\S]*?)^\t\}$/gm, '\t');
  }

  /** What it knows now, by the same keys. */
  status(): Map<string, Map<string, string>> {
    return blocks(this.#read('status.dat'), /^(\w+)status \{\n([\s\S]*?)^\t\}$/gm, '=');
  }

  log(): string {
    return this.#read('nagios.log');
  }

  /** Asks again until it is so; rejects after a minute with what Nagios logged. */
  async until<Found>(what: string, probe: () => Found | undefined | false): Promise<Found> {
    const deadline = Date.now() + 60_000;
    for (;;) {
      const found = probe();
      if (found) return found;
      if (Date.now() > deadline) throw new Error(`waited for ${what}\n${this.log().slice(-4000)}`);
      await new Promise((wake) => setTimeout(wake, pollMs));
    }
  }

  async dispose(): Promise<void> {
    const child = this.#child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(timer);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  #read(name: string): string {
    const path = join(this.folder, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }
}

function blocks(text: string, pattern: RegExp, between: string): Map<string, Map<string, string>> {
  const found = new Map<string, Map<string, string>>();
  for (const [, type = '', body = ''] of text.matchAll(pattern)) {
    const values = new Map(
      body.split('\n').map((line): [string, string] => {
        const [name = '', ...rest] = line.trim().split(between);
        return [name, rest.join(between)];
      }),
    );
    const host = values.get('host_name');
    const service = values.get('service_description');
    const name = service === undefined ? (host ?? values.get(`${type}_name`)) : `${host}/${service}`;
    found.set(`${type} ${name}`, values);
  }
  return found;
}
