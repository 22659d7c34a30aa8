import type { Host, Service } from '../hosts.ts';
import { type Dialect, mark } from './dialect.ts';

const blank = '        ';

/** Text as the first OpsBro wrote it, to the blank: groups are templates, which Shinken's administrator defines or leaves out. */
export const shinken: Dialect = {
  extension: '.cfg',
  host: ({ uuid, name, address, labels, services }: Host, { hostTemplate, serviceTemplate }) => {
    const head = [
      `# ${mark}`,
      blank,
      'define host{',
      `            host_name      ${uuid}`,
      `            display_name   ${name}`,
      `            address        ${address}`,
      `            use            ${[...(hostTemplate === '' ? [] : [hostTemplate]), ...labels].join(',')}`,
      '            check_period                    24x7',
      '            check_interval                  1',
      '            retry_interval                  1',
      '            max_check_attempts              2',
      blank,
      '}',
      '',
      `${blank}\n`,
    ].join('\n');
    return `${head}${services.map((service) => serviceText(uuid, service, serviceTemplate)).join('\n')}\n`;
  },
  groups: () => null,
  groupsIn: () => [],
  servicesIn: (text) => [...text.matchAll(/^ +service_description +(\S+)$/gm)].map(([, name = '']) => name),
  defaults: {
    host_template: '',
    service_template: 'generic-service',
    cfg_path: '/etc/shinken/agent',
    external_command_file: '/var/lib/shinken/shinken.cmd',
    reload_command: '/etc/init.d/shinken reload',
    verify_command: '',
  },
};

function serviceText(uuid: string, { name }: Service, template: string): string {
  return [
    'define service {',
    `            host_name               ${uuid}`,
    `            service_description     ${name}`,
    `            use                     ${template}`,
    '            active_checks_enabled   0',
    '            passive_checks_enabled  1',
    '            check_command           check-host-alive',
    '            max_check_attempts      1',
    blank,
    '}',
    '',
    `${blank}\n`,
  ].join('\n');
}
