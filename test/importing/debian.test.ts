import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { expandScript } from '../../configuration/script/macros.ts';
import { importNagios, type NagiosImport } from '../../importing/import-nagios.ts';
import { Workplace } from '../cli/workplace.ts';
import { NagiosSource } from './nagios-source.ts';

const captured = fileURLToPath(new URL('testdata/debian', import.meta.url));
const installed = '/etc/nagios4/nagios.cfg';
const isRequired = process.env.OPSBRO_TEST_REQUIRE === 'all';

let source: NagiosSource;
let place: Workplace;
beforeEach(() => {
  source = new NagiosSource();
  place = new Workplace();
});
afterEach(() => {
  source.dispose();
  place.dispose();
});

/** The captured files with their paths turned to a folder of the test; `more` are object files that Debian leaves out of nagios.cfg. */
function unpacked(more: string[] = []): string {
  cpSync(captured, source.folder, { recursive: true });
  const main = join(source.folder, 'nagios4', 'nagios.cfg');
  const lines = more.map((name) => `cfg_file=/etc/nagios4/objects/${name}.cfg\n`).join('');
  const text = readFileSync(main, 'utf8') + lines;
  writeFileSync(main, text.replaceAll(/(=)\/etc\/(nagios)/g, `$1${source.folder}/$2`));
  source.write('nagios4/conf.d/empty.cfg', '# nothing\n');
  return main;
}

/** What each file says, by its path. */
function objects({ files }: NagiosImport): { [path: string]: { [key: string]: unknown } } {
  return Object.fromEntries(files.map(({ path, text }) => [path, Object.values(parse(text) as object)[0]]));
}

/** Every line about the result that the loader has to say. */
async function checked({ files }: NagiosImport): Promise<string[]> {
  for (const { path, text } of files) place.write(path, text);
  const { out } = await place.opsbro(['config', 'check', '--json'], place.config);
  return (JSON.parse(out) as { diagnostics: { message: string }[] }).diagnostics.map(
    ({ message }) => message,
  );
}

describe("Debian's example configuration", () => {
  it('becomes the checks of the local host, and handlers for its contact', async () => {
    const made = importNagios(unpacked(), { localNames: [] });
    expect(made.faults).toEqual([]);
    expect(made).toMatchObject({ hosts: ['localhost'], others: [], checks: 9, handlers: 2 });
    expect(objects(made)).toMatchObject({
      'localhost/monitoring/ping.yml': {
        display_name: 'PING',
        script: "/usr/lib/nagios/plugins/check_ping -H '127.0.0.1' -w '100.0,20%' -c '500.0,60%'",
        interval: '5m',
        retry_interval: '1m',
        attempts: 4,
        timeout: '1m',
        flapping: { high: 20, low: 5 },
        depends_on: ['localhost/check/localhost-alive'],
        handlers: ['nagiosadmin'],
        labels: { host: 'localhost', address: '127.0.0.1', hostgroup: 'linux-servers' },
      },
      'localhost/monitoring/ssh.yml': { handlers: [] },
      'localhost/monitoring/localhost-alive.yml': {
        script: "/usr/lib/nagios/plugins/check_ping -H '127.0.0.1' -w 5000,100% -c 5000,100% -p 1",
        attempts: 10,
        handlers: ['nagiosadmin-hosts-every-2h-workhours'],
      },
      'nagios/handlers/nagiosadmin.yml': {
        type: 'mail',
        contacts: ['nagios@localhost'],
        severities: ['ok', 'warning', 'critical', 'unknown'],
        repeat_interval: '1h',
      },
      'nagios/handlers/nagiosadmin-hosts-every-2h-workhours.yml': {
        severities: ['ok', 'critical', 'unknown'],
        repeat_interval: '2h',
        quiet_hours: [
          { days: 'mon-fri', from: '00:00', to: '09:00' },
          { days: 'mon-fri', from: '17:00', to: '24:00' },
          { days: 'sat,sun', from: '00:00', to: '24:00' },
        ],
      },
    });
    expect(await checked(made)).toEqual([]);
  });

  it('names the file and line of what each check comes from', () => {
    const made = importNagios(unpacked(), { localNames: [] });
    const ping = made.files.find(({ path }) => path.endsWith('/ping.yml'))?.text ?? '';
    expect(ping).toContain(
      `# Nagios: service 'PING' on 'localhost'\n# ${source.folder}/nagios4/objects/localhost.cfg:58\n`,
    );
    expect(ping).toContain(
      `# check_ping!100.0,20%!500.0,60%; check_ping is at ${source.folder}/nagios-plugins/config/ping.cfg:4\n`,
    );
  });

  it('becomes a pack for each host with the examples that are commented out', async () => {
    const made = importNagios(unpacked(['switch', 'printer', 'windows']), { all: true });
    expect(made.faults).toEqual([]);
    expect(made.hosts).toEqual(['localhost', 'linksys-srw224p', 'hplj2605dn', 'winserver']);
    const all = objects(made);
    expect(all['linksys-srw224p/monitoring/uptime.yml']).toMatchObject({
      script: '/usr/lib/nagios/plugins/check_snmp -H 192.168.1.253 -C public -o sysUpTime.0',
      attempts: 3,
    });
    expect(all['winserver/monitoring/c-drive-space.yml']).toMatchObject({ display_name: 'C:\\ Drive Space' });
    expect(await checked(made)).toEqual([]);
  });

  it('has scripts that run as Nagios would run them', () => {
    const made = importNagios(unpacked(['switch', 'printer', 'windows']), { all: true });
    for (const { script } of Object.values(objects(made)).filter((each) => each.script !== undefined)) {
      const { plan, findings } = expandScript(script as string, []);
      expect(findings).toEqual([]);
      expect(plan).toMatchObject({
        shell: expect.stringMatching(/^\/usr\/lib\/nagios\/plugins\/check_\w+ /),
      });
    }
  });

  it.skipIf(!existsSync(installed) && !isRequired)(
    `is imported from ${installed} (needs the package nagios4-common)`,
    async () => {
      const made = importNagios(installed, { localNames: [] });
      expect(made.faults).toEqual([]);
      expect(made.checks).toBeGreaterThan(0);
      expect(await checked(made)).toEqual([]);
    },
  );
});
