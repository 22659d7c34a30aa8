import { parse } from 'yaml';
import type { NagiosImport } from '../../importing/import-nagios.ts';

/** The keys of an object of the result. */
export interface Keys {
  [key: string]: unknown;
}

export const define = (type: string, directives: { [name: string]: string | undefined }): string => {
  const given = Object.entries(directives).filter(([, value]) => value !== undefined);
  return `define ${type} {\n${given.map(([name, value]) => `  ${name} ${value}\n`).join('')}}\n`;
};

export const mailing = define('command', {
  command_name: 'mail-it',
  command_line: 'echo x | /usr/bin/mail $CONTACTEMAIL$',
});
export const always = define('timeperiod', {
  timeperiod_name: '24x7',
  ...Object.fromEntries(
    ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'].map((day) => [
      day,
      '00:00-24:00',
    ]),
  ),
});
export const contact = (name: string, more: { [name: string]: string } = {}): string =>
  define('contact', {
    contact_name: name,
    email: `${name}@example.org`,
    service_notification_commands: 'mail-it',
    host_notification_commands: 'mail-it',
    service_notification_options: 'w,u,c,r,f,s',
    host_notification_options: 'd,u,r,f,s',
    ...more,
  });

export const host = (more: { [name: string]: string } = {}, name = 'web'): string =>
  define('host', { host_name: name, address: '10.0.0.1', ...more });

export const service = (more: { [name: string]: string } = {}): string =>
  define('service', {
    host_name: 'web',
    service_description: 'S',
    check_command: 'c',
    max_check_attempts: '3',
    ...more,
  });

export const basic = mailing + always + define('command', { command_name: 'c', command_line: '/bin/true' });

/** The objects of the result, by the paths of their files. */
export function objects({ files }: NagiosImport): { [path: string]: Keys } {
  return Object.fromEntries(files.map(({ path, text }) => [path, Object.values(parse(text) as object)[0]]));
}
