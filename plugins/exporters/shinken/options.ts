import { readQuantity } from 'opsbro/sdk';
import type { Style } from './dialects/dialect.ts';
import { dialects, type Tool } from './dialects/dialects.ts';

/** Options as the manifest declares them. What is absent depends on the tool. */
export interface Options {
  monitoring_tool: Tool;
  cfg_path?: string;
  external_command_file?: string;
  verify_command?: string;
  reload_command?: string;
  reload_quiet: string;
  reload_latest: string;
  command_timeout: string;
  resend: string;
  hostgroup_prefix: string;
  host_template?: string;
  service_template?: string;
  forget_left: string;
  forget_dead: string;
}

/** Options with every default filled in; durations in milliseconds. */
export interface Settings {
  tool: Tool;
  folder: string;
  pipe: string;
  verify: string;
  reload: string;
  quietMs: number;
  latestMs: number;
  commandMs: number;
  resendMs: number;
  style: Style;
  forgetLeftMs: number;
  forgetDeadMs: number;
}

/** Fills in what the tool's own places are. */
export function settingsOf(options: Options): Settings {
  const { defaults } = dialects[options.monitoring_tool];
  const ms = (duration: string): number => Math.max(1, Math.round(readQuantity(duration) * 1000));
  return {
    tool: options.monitoring_tool,
    folder: options.cfg_path ?? defaults.cfg_path,
    pipe: options.external_command_file ?? defaults.external_command_file,
    verify: options.verify_command ?? defaults.verify_command,
    reload: options.reload_command ?? defaults.reload_command,
    quietMs: ms(options.reload_quiet),
    latestMs: ms(options.reload_latest),
    commandMs: ms(options.command_timeout),
    resendMs: ms(options.resend),
    style: {
      prefix: options.hostgroup_prefix,
      hostTemplate: options.host_template ?? defaults.host_template,
      serviceTemplate: options.service_template ?? defaults.service_template,
    },
    forgetLeftMs: ms(options.forget_left),
    forgetDeadMs: ms(options.forget_dead),
  };
}
