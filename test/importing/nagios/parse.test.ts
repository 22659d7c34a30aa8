import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readNagios } from '../../../importing/nagios/assemble.ts';
import { faultLines, NagiosSource } from '../nagios-source.ts';

let source: NagiosSource;
beforeEach(() => {
  source = new NagiosSource();
});
afterEach(() => source.dispose());

const command = (line: string): string => `define command{\n command_name c\n command_line ${line}\n}\n`;

describe('object files', () => {
  it.each([
    ['a comment behind a value', 'check_x -w 1 ; as of today', 'check_x -w 1'],
    ['an escaped semicolon', 'a \\; b', 'a ; b'],
    ['a number sign inside of a value', 'a # b', 'a # b'],
    ['a line that goes on', 'check_x \\\n    -w 1', 'check_x -w 1'],
    ['two backslashes at the end, which are one', 'a b\\\\', 'a b\\'],
    ['line ends of Windows', 'a b\r', 'a b'],
    ['letters that are not UTF-8', 'prüfe', 'prüfe'],
  ])('may hold %s', (_, written, value) => {
    source.write('objects.cfg', Buffer.from(command(written), written.includes('ü') ? 'latin1' : 'utf8'));
    const made = readNagios(source.write('nagios.cfg', 'cfg_file=objects.cfg\n'));
    expect(made.commands.get('c')?.directives.get('command_line')?.value).toBe(value);
    expect(made.faults).toEqual([]);
  });

  it.each([
    ['define hots {\n}', "1: there is no kind of object 'hots'; did you mean 'host'?"],
    [
      'define host {\n hostname x\n}',
      "2: there is no directive 'hostname' in a host; did you mean 'host_name'?",
    ],
    ['define host {\n host_name x\n', "1: this definition has no '}' before the end of the file"],
    [
      'define host {\n host_name x\ndefine host {\n host_name y\n}',
      "1: this definition has no '}' before the next one at line 3",
    ],
    ['}', "1: found '}' outside of a definition"],
    ['host_name x', "1: found 'host_name x' outside of a definition, expected 'define TYPE {'"],
    ['define host\n{\n host_name x\n}', "1: found 'define host' without '{' on its line"],
    [
      'define host {\n host_name x\n host_name y\n}',
      "3: 'host_name' stands twice in this host; the last one counts",
    ],
    ['define host {\n address x\n}', "1: this host has no 'host_name'"],
    ['define service {\n service_description x\n host_name gone\n}', "3: there is no host 'gone'"],
    ['define host {\n host_name x\n contacts ann\n contact_groups ops\n}', "3: there is no contact 'ann'"],
    ['define host {\n host_name x\n check_interval 5m\n}', "3: 'check_interval' is '5m', expected a number"],
    ['define host {\n host_name x\n hostgroups gone\n}', "3: there is no hostgroup 'gone'"],
  ])('with %j tell it', (text, expected) => {
    expect(faultLines(source.read(text))).toContain(expected);
  });

  it('say once what a template says for many', () => {
    const hosts = ['a', 'b', 'c'].map((name) => `define host {\n host_name ${name}\n use t\n}\n`);
    const made = source.read(`define host {\n name t\n contacts ann\n register 0\n}\n${hosts.join('')}`);
    expect(faultLines(made)).toEqual(["3: there is no contact 'ann'"]);
  });

  it('keep what is right in front of and behind what is wrong', () => {
    const made = source.read(
      `${command('a')}define hots {\n x y\n}\ndefine host {\n host_name h\n wrong 1\n address 1.2.3.4\n}\n`,
    );
    expect(made.faults).toHaveLength(2);
    expect(made.hosts.get('h')?.directives.get('address')?.value).toBe('1.2.3.4');
  });

  it('read the days and dates of a time period whole', () => {
    const made = source.read(`define timeperiod {
  timeperiod_name t
  monday 09:00-12:00,13:00-17:00
  monday -1 may 00:00-00:00 ; Memorial Day
  2026-01-01 - 2026-02-01 / 3 00:00-24:00
}`);
    expect([...made.periods.get('t')!.directives.keys()]).toEqual([
      'timeperiod_name',
      'monday',
      'monday -1 may',
      '2026-01-01 - 2026-02-01 / 3',
    ]);
    expect(made.faults).toEqual([]);
  });
});

describe('the main file', () => {
  it('names files, folders with all below, and files of values, each read once', () => {
    source.write('a/one.cfg', command('one'));
    source.write('a/b/two.cfg', command('two').replace(' c\n', ' d\n'));
    source.write('a/three.txt', 'not read');
    source.write('resource.cfg', '# passwords\n$USER1$=/usr/lib\n$USER3$=se=cret\n');
    const made = readNagios(
      source.write(
        'nagios.cfg',
        'cfg_dir=a\ncfg_file=a/one.cfg\nresource_file=resource.cfg\ninterval_length = 30\n',
      ),
    );
    expect([...made.commands.keys()].sort()).toEqual(['c', 'd']);
    expect(made.users.get('USER3')?.value).toBe('se=cret');
    expect(made.settings.get('interval_length')?.value).toBe('30');
    expect(made.faults).toEqual([]);
  });

  it('takes a wrong line of a file of values without showing it', () => {
    source.write('resource.cfg', 'USER3=hunter2\n');
    const made = readNagios(source.write('nagios.cfg', 'resource_file=resource.cfg\n'));
    expect(JSON.stringify(made.faults)).not.toContain('hunter2');
    expect(made.faults).toHaveLength(1);
  });
});
