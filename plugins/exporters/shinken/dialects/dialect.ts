import type { Host } from '../hosts.ts';

/** First line of every file that this exporter writes: only such files are replaced and removed. */
export const mark = 'Auto generated host, do not edit';

/** What an administrator may choose of the texts; an empty template is none. */
export interface Style {
  /** Goes before the names of host groups. */
  prefix: string;
  hostTemplate: string;
  serviceTemplate: string;
}

/** How one monitoring tool wants its objects written, and where it keeps things. Pure text. */
export interface Dialect {
  /** Of its files, with the dot. */
  extension: string;
  /** The file of one host. */
  host(host: Host, style: Style): string;
  /** The file of the host groups that hosts name, in this order; null where the tool needs none. */
  groups(names: readonly string[]): string | null;
  /** The host groups that the file of a host names. */
  groupsIn(text: string): string[];
  /** The names of the services in the file of a host. */
  servicesIn(text: string): string[];
  /** What holds where the options say nothing. An empty command is not run. */
  defaults: {
    cfg_path: string;
    external_command_file: string;
    reload_command: string;
    verify_command: string;
    host_template: string;
    service_template: string;
  };
}
