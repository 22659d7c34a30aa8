import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import type { Definition, NagiosConfiguration, Relation } from '../../../importing/nagios/model.ts';
import { NagiosSource } from '../nagios-source.ts';

const data = fileURLToPath(new URL('../testdata/inheritance/', import.meta.url));
const program = '/usr/sbin/nagios4';
const isRequired = process.env.OPSBRO_TEST_REQUIRE === 'all';
const text = readFileSync(`${data}objects.cfg`, 'utf8');
const kept = ['check_command', 'max_check_attempts', 'check_interval', 'notes', 'contact_groups', '_COLOR'];

let source: NagiosSource;
afterEach(() => source?.dispose());

/** One line for each thing that Nagios wrote after it resolved everything. */
function factsOfNagios(precache: string): string[] {
  return precache.split(/^define /m).flatMap((block): string[] => {
    const [head = '', ...lines] = block.split('\n').map((line) => line.trim());
    const directives = new Map(
      lines.map((line): [string, string] => [line.split('\t')[0] ?? '', line.split('\t')[1] ?? '']),
    );
    return factsOf(head.replace(' {', ''), directives);
  });
}

function factsOf(type: string, of: ReadonlyMap<string, string>): string[] {
  const name = (prefix: string): string =>
    [of.get(`${prefix}host_name`), of.get(`${prefix}service_description`)]
      .filter((part) => part !== undefined)
      .join('/');
  if (type === 'host' || type === 'service')
    return kept
      .filter((key) => of.has(key))
      .map((key) => `${name('')} ${key} ${sorted(key, of.get(key) as string)}`);
  if (type.endsWith('group'))
    return [`${type} ${of.get(`${type}_name`)}: ${sorted('members', of.get('members') ?? '')}`];
  if (type.endsWith('dependency')) return [`${name('dependent_')} depends on ${name('')}`];
  return type.endsWith('escalation') ? [`${name('')} escalates`] : [];
}

function sorted(key: string, value: string): string {
  if (key.endsWith('interval')) return String(Number(value));
  return /members|groups/.test(key) ? value.split(',').sort().join(',') : value;
}

function factsOfOurs(made: NagiosConfiguration): string[] {
  const object = (type: string, { directives }: Definition, host: string, service: string | null): string[] =>
    factsOf(
      type,
      new Map([
        ['host_name', host],
        ...(service === null ? [] : ([['service_description', service]] as [string, string][])),
        ['check_interval', '5'],
        ...[...directives]
          .filter(([key]) => kept.includes(key))
          .map(([key, { value }]): [string, string] => [key, value]),
      ]),
    );
  const end = (of: { host: string; service: string | null }): string =>
    of.service === null ? of.host : `${of.host}/${of.service}`;
  const relation = (each: Relation): string =>
    each.master === null ? `${end(each)} escalates` : `${end(each)} depends on ${end(each.master)}`;
  const groups = [
    ...[...made.hostGroups].map(([name, group]) => ['hostgroup', name, group] as const),
    ...[...made.contactGroups].map(([name, group]) => ['contactgroup', name, group] as const),
  ];
  return [
    ...[...made.hosts].flatMap(([name, definition]) => object('host', definition, name, null)),
    ...made.services.flatMap(({ host, description, definition }) =>
      object('service', definition, host, description),
    ),
    ...groups.map(([type, name, { members }]) => `${type} ${name}: ${[...members].sort().join(',')}`),
    ...made.dependencies.map(relation),
    ...made.escalations.map(relation),
  ];
}

it('resolves templates, groups and exclusions as Nagios 4.4 did', () => {
  source = new NagiosSource();
  const made = source.read(text);
  const theirs = factsOfNagios(readFileSync(`${data}objects.precache`, 'utf8'));
  expect(theirs.length).toBeGreaterThan(40);
  expect(factsOfOurs(made).sort()).toEqual(theirs.sort());
});

it.skipIf(!existsSync(program) && !isRequired)(
  `resolves them as ${program} does (needs the package nagios4-core)`,
  () => {
    source = new NagiosSource();
    const paths = [
      'log_file',
      'precached_object_file',
      'object_cache_file',
      'status_file',
      'lock_file',
      'temp_file',
      'command_file',
    ];
    const settings = paths.map((name) => `${name}=${source.folder}/${name}`);
    const user = execFileSync('id', ['-un'], { encoding: 'utf8' }).trim();
    const group = execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim();
    settings.push(`nagios_user=${user}`, `nagios_group=${group}`);
    const folders = ['temp_path', 'check_result_path'].map((name) => `${name}=${source.folder}`);
    const main = source.objects(text, [...settings, ...folders].join('\n'));
    execFileSync(program, ['-pv', main], { stdio: 'ignore' });
    const theirs = factsOfNagios(readFileSync(`${source.folder}/precached_object_file`, 'utf8'));
    expect(factsOfOurs(source.read(text)).sort()).toEqual(theirs.sort());
  },
);
