import type { Dialect } from './dialect.ts';
import { groupsIn, groupsText, hostText, servicesIn } from './nagios.ts';

/** Naemon reads what Nagios reads, in places of its own. */
export const naemon: Dialect = {
  extension: '.cfg',
  host: hostText,
  groups: groupsText,
  groupsIn,
  servicesIn,
  defaults: {
    cfg_path: '/etc/naemon/conf.d/opsbro',
    external_command_file: '/var/lib/naemon/naemon.cmd',
    reload_command: 'systemctl reload naemon',
    host_template: 'generic-host',
    service_template: 'generic-service',
    verify_command: 'naemon -v /etc/naemon/naemon.cfg',
  },
};
