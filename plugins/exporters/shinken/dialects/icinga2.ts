import type { Host } from '../hosts.ts';
import { type Dialect, mark } from './dialect.ts';

/** Icinga 2's own language: groups are host groups; nothing but its own templates is imported. */
export const icinga2: Dialect = {
  extension: '.conf',
  host: ({ uuid, name, address, labels, services }: Host, { prefix, hostTemplate, serviceTemplate }) => {
    const isV6 = address.includes(':');
    const host = object('Host', uuid, hostTemplate, [
      ['display_name', quoted(name)],
      [isV6 ? 'address6' : 'address', quoted(address)],
      ['groups', `[ ${labels.map((label) => quoted(prefix + label)).join(', ')} ]`],
      ['check_interval', '1m'],
      ['vars.opsbro', 'true'],
      ...passive,
    ]);
    const own = services.map((service) =>
      object('Service', service.name, serviceTemplate, [
        ['host_name', quoted(uuid)],
        ['vars.opsbro', 'true'],
        ...passive,
      ]),
    );
    return [`// ${mark}\n`, host, ...own].join('\n');
  },
  groups: (names) =>
    [
      `// ${mark}\n`,
      ...names.map((name) => object('HostGroup', name, '', [['display_name', quoted(name)]])),
    ].join('\n'),
  groupsIn: (text) =>
    [...(/^ {2}groups = \[(.*)\]$/m.exec(text)?.[1] ?? '').matchAll(/"([^"]+)"/g)].map(
      ([, name = '']) => name,
    ),
  servicesIn: (text) => [...text.matchAll(/^object Service "([^"]+)"/gm)].map(([, name = '']) => name),
  defaults: {
    host_template: '',
    service_template: '',
    cfg_path: '/etc/icinga2/conf.d/opsbro',
    external_command_file: '/run/icinga2/cmd/icinga2.cmd',
    reload_command: 'systemctl reload icinga2',
    verify_command: 'icinga2 daemon -C',
  },
};

const passive: [string, string][] = [
  ['check_command', '"passive"'],
  ['enable_active_checks', 'false'],
  ['enable_passive_checks', 'true'],
  ['max_check_attempts', '1'],
];

function object(
  type: string,
  name: string,
  template: string,
  attributes: readonly [string, string][],
): string {
  const parent = template === '' ? '' : `  import ${quoted(template)}\n`;
  const lines = attributes.map(([attribute, value]) => `  ${attribute} = ${value}\n`);
  return `object ${type} ${quoted(name)} {\n${parent}${lines.join('')}}\n`;
}

/** A string literal. Names were cleaned before, so the escapes are a second wall. */
function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&').replace(/\p{Cc}/gu, ' ')}"`;
}
