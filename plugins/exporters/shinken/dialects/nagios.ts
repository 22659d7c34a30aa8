import type { Host } from '../hosts.ts';
import { type Dialect, mark, type Style } from './dialect.ts';

/** Nagios Core 4: groups are host groups, in a file of their own; hosts and services get passive results alone. */
export const nagios: Dialect = {
  extension: '.cfg',
  host: hostText,
  groups: groupsText,
  groupsIn,
  servicesIn,
  defaults: {
    cfg_path: '/etc/nagios4/conf.d/opsbro',
    external_command_file: '/var/lib/nagios4/rw/nagios.cmd',
    reload_command: 'systemctl reload nagios4',
    host_template: 'generic-host',
    service_template: 'generic-service',
    verify_command: 'nagios4 -v /etc/nagios4/nagios.cfg',
  },
};

/** One host and its services, in the language that Nagios and Naemon share. */
export function hostText(
  { uuid, name, alias, address, labels, services }: Host,
  { prefix, hostTemplate, serviceTemplate }: Style,
): string {
  const host = define('host', [
    ['host_name', uuid],
    ['display_name', name],
    ['alias', alias],
    ['address', address],
    ...use(hostTemplate),
    ['hostgroups', labels.map((label) => prefix + label).join(',')],
    ['check_period', '24x7'],
    ['check_interval', '1'],
    ['retry_interval', '1'],
    ['max_check_attempts', '1'],
    ...passive,
  ]);
  const services_ = services.map((service) =>
    define('service', [
      ['host_name', uuid],
      ['service_description', service.name],
      ...use(serviceTemplate),
      ['check_command', 'check-host-alive'],
      ['max_check_attempts', '1'],
      ...passive,
    ]),
  );
  return [`# ${mark}\n`, host, ...services_].join('\n');
}

/** Every host group that a host names. */
export function groupsText(names: readonly string[]): string {
  const groups = names.map((name) =>
    define('hostgroup', [
      ['hostgroup_name', name],
      ['alias', name],
    ]),
  );
  return [`# ${mark}\n`, ...groups].join('\n');
}

/** The host groups of a text that `hostText` gave. */
export function groupsIn(text: string): string[] {
  return /^ +hostgroups +(\S+)$/m.exec(text)?.[1]?.split(',') ?? [];
}

/** The services of a text that `hostText` gave. */
export function servicesIn(text: string): string[] {
  return [...text.matchAll(/^ +service_description +(\S+)$/gm)].map(([, name = '']) => name);
}

function use(template: string): [string, string][] {
  return template === '' ? [] : [['use', template]];
}

const passive: [string, string][] = [
  ['active_checks_enabled', '0'],
  ['passive_checks_enabled', '1'],
  ['check_freshness', '0'],
];

function define(type: string, directives: readonly [string, string][]): string {
  return `define ${type} {\n${directives.map(([name, value]) => `    ${name.padEnd(24)}${value}\n`).join('')}}\n`;
}
