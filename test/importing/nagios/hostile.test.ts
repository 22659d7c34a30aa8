import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { importNagios } from '../../../importing/import-nagios.ts';
import { readNagios } from '../../../importing/nagios/assemble.ts';
import { faultLines, NagiosSource } from '../nagios-source.ts';

let source: NagiosSource;
beforeEach(() => {
  source = new NagiosSource();
});
afterEach(() => source.dispose());

describe('files', () => {
  it.each([
    [
      'binary',
      Buffer.from([0x7f, 0x45, 0x4c, 0x46, 10, 0, 1, 2]),
      '2: found a zero byte: the file is binary, expected text',
    ],
    [
      'too large',
      Buffer.alloc(16 * 1024 * 1024 + 1, 0x61),
      "2: cannot read 'FOLDER/objects.cfg': it is over 16 MiB",
    ],
  ])('that are %s are faults', (_, content, expected) => {
    source.write('objects.cfg', content);
    const made = readNagios(source.write('nagios.cfg', '\ncfg_file=objects.cfg\n'));
    expect(faultLines(made)).toEqual([expected.replace('FOLDER', source.folder)]);
  });

  it('that never end, block or lead back into themselves are not followed', () => {
    execFileSync('mkfifo', [join(source.folder, 'pipe.cfg')]);
    mkdirSync(join(source.folder, 'd'));
    symlinkSync('..', join(source.folder, 'd', 'up'));
    source.write('d/self.cfg', 'include_file=self.cfg\ninclude_dir=.\ninclude_file=gone.cfg\n');
    const made = readNagios(source.write('main', 'cfg_file=/dev/zero\ncfg_file=pipe.cfg\ncfg_dir=d\n'));
    expect(made.faults.map(({ message }) => message.replace(source.folder, ''))).toEqual([
      "cannot read '/dev/zero': it is no regular file",
      "cannot read '/pipe.cfg': it is no regular file",
      "cannot read '/d/gone.cfg': it does not exist",
    ]);
  });
});

describe('objects', () => {
  it('of a hundred thousand lines of noise are a thousand faults and a count', () => {
    const made = source.read('}{ ;;; \\ $$ !!\n'.repeat(100_000));
    expect(made.faults).toHaveLength(1000);
    expect(made.faults.length + made.moreFaults).toBeGreaterThanOrEqual(100_000 - 1);
  });

  it('whose templates double their values with each level stay bounded', () => {
    const levels = Array.from({ length: 60 }, (_, level) => {
      const use = level === 0 ? '' : `use t${level - 1},t${level - 1}\n`;
      return `define host {\nname t${level}\n${use}hostgroups +g${level},x\nregister 0\n}\n`;
    });
    const made = source.read(`${levels.join('')}define host {\nhost_name h\nuse t59,t58,t57\n}\n`);
    expect(made.hosts.get('h')!.directives.get('hostgroups')!.value.length).toBeLessThanOrEqual(64 * 1024);
  });

  it('whose templates go a hundred thousand levels deep are cut', () => {
    const deep = Array.from(
      { length: 100_000 },
      (_, level) => `define host {\nname t${level}\nuse t${level + 1}\n}\n`,
    );
    const made = source.read(deep.join(''));
    expect(made.faults.some(({ message }) => /more than 64 levels/.test(message))).toBe(true);
  });

  it('whose groups hold each other have the members of all', () => {
    const group = (name: string, inner: string, member: string): string =>
      `define host {\nhost_name ${member}\n}\ndefine hostgroup {\nhostgroup_name ${name}\nmembers ${member}\nhostgroup_members ${inner}\n}\n`;
    const made = source.read(group('a', 'b', 'one') + group('b', 'a', 'two'));
    expect([...made.hostGroups.get('a')!.members].sort()).toEqual(['one', 'two']);
  });

  it('that spread over too many hosts are cut', () => {
    const hosts = Array.from({ length: 2000 }, (_, index) => `define host {\nhost_name h${index}\n}\n`);
    const services = Array.from(
      { length: 60 },
      (_, index) => `define service {\nhost_name *\nservice_description s${index}\n}\n`,
    );
    const made = source.read([...hosts, ...services].join(''));
    expect(made.services).toHaveLength(100_000);
    expect(made.faults.at(-1)?.message).toMatch(/more than 100000 services/);
  });

  it('that depend on and escalate each other too often are cut', () => {
    const hosts = Array.from({ length: 1000 }, (_, index) => `define host {\nhost_name h${index}\n}\n`);
    const each =
      'define hostdependency {\nhost_name *\ndependent_host_name *\nexecution_failure_criteria d\n}\n';
    const made = source.read(hosts.join('') + each.repeat(50));
    expect(made.dependencies.length).toBeLessThanOrEqual(200_000);
    expect(made.faults.map(({ message }) => message)).toEqual([
      'dependencies and escalations spread to more than 200000; the rest is left out',
    ]);
  });

  it('with names like paths, macros or YAML stay inside of their files', () => {
    const made = importNagios(
      source.objects(`define command {
command_name c
command_line ${'$ARG1$'.repeat(50)}
}
define host {
host_name ../../etc
check_command c!x
}
define service {
host_name ../../etc
service_description {a: b} # "$(reboot)" $x$ \u0007 */../
notes "]} # - : \u2028 \u001b[31m
check_command c!$HOME $$PATH
}
define service {
host_name ../../etc
service_description long
check_command c!${'y'.repeat(4000)}
}
`),
      { all: true },
    );
    expect(made.files.map(({ path }) => path)).toEqual([
      'etc/monitoring/a-b-reboot-x.yml',
      'etc/monitoring/etc-alive.yml',
    ]);
    expect(made.report.lost.map(({ what }) => what)).toEqual(['its command line is missing, or over 64 KiB']);
    for (const { text } of made.files) expect(text).not.toMatch(/[\u0007\u001b]/);
  });
});
