import type { Directive, NagiosConfiguration } from '../nagios/model.ts';
import { isAlways, weekOf } from './hours.ts';
import type { ImportReport } from './report.ts';
import type { Subject } from './subject.ts';

/** What of a host or a service has no counterpart: the reason by directive, null when that value means nothing. */
const reasons: {
  [name: string]: (value: string, subject: Subject, source: NagiosConfiguration) => string | null;
} = {
  event_handler: (value, subject) =>
    subject.flag('event_handler_enabled', true)
      ? `the event handler '${value}' is not run: there are none`
      : null,
  stalking_options: (value) =>
    /^n/.test(value) ? null : 'stalking: history keeps changes of state, not each change of output',
  check_period: (value, _, { periods }) => {
    const period = periods.get(value);
    return period !== undefined && isAlways(weekOf(period, periods).minutes)
      ? null
      : `check_period '${value}': it runs at any time`;
  },
  flap_detection_options: (value, { kind }) =>
    value.split(',').length >= (kind === 'host' ? 3 : 4)
      ? null
      : `flap_detection_options '${value}': every change of state counts`,
  initial_state: (value) =>
    /^[ou]/.test(value) && value !== 'u' ? null : 'initial_state: a check begins as pending',
  parallelize_check: (value) => (value === '0' ? 'parallelize_check 0: it runs beside others' : null),
};

/** Settings of the main file that change what Nagios does and have no counterpart. */
const settingReasons: {
  [name: string]: (value: string, settings: NagiosConfiguration['settings']) => string | null;
} = {
  broker_module: () => 'broker modules are not loaded',
  global_host_event_handler: () => 'event handlers are not run: there are none',
  global_service_event_handler: () => 'event handlers are not run: there are none',
  execute_service_checks: (value) => (value === '0' ? 'service checks are off there, and run here' : null),
  execute_host_checks: (value) => (value === '0' ? 'host checks are off there, and run here' : null),
  enable_notifications: (value) =>
    value === '0' ? 'notifications are off there: every handler is disabled' : null,
  soft_state_dependencies: (value) => (value === '1' ? 'dependencies look at hard states only' : null),
  enable_environment_macros: (value) =>
    value === '1' ? 'commands of checks get no NAGIOS_ variables in their environment' : null,
  use_aggressive_host_checking: (value) =>
    value === '1' ? 'a host is down when its check is critical or unknown' : null,
  ocsp_command: (_, settings) => obsession(settings.get('obsess_over_services')),
  ochp_command: (_, settings) => obsession(settings.get('obsess_over_hosts')),
  service_perfdata_command: (_, settings) => perfdata(settings.get('process_performance_data')),
  host_perfdata_command: (_, settings) => perfdata(settings.get('process_performance_data')),
};

function obsession(setting: Directive | undefined): string | null {
  return setting?.value === '1' ? 'no command is run after each check' : null;
}

function perfdata(setting: Directive | undefined): string | null {
  return setting?.value === '1'
    ? 'no command gets performance data: they are metrics of the check here'
    : null;
}

/** Reports what of the main file is not carried. */
export function reportSettings({ settings, extras }: NagiosConfiguration, report: ImportReport): void {
  for (const [name, reason] of Object.entries(settingReasons)) {
    const setting = settings.get(name);
    const what = setting === undefined ? null : reason(setting.value, settings);
    if (setting !== undefined && what !== null) report.lose(setting, '', what);
  }
  for (const { place, type } of extras)
    report.lose(
      place,
      type,
      `${type} is obsolete: move notes and addresses into the ${type.replace('extinfo', '')}`,
    );
}

/** Reports what of a host or a service that is carried is not. */
export function reportUnfit(subject: Subject, source: NagiosConfiguration, report: ImportReport): void {
  for (const [name, reason] of Object.entries(reasons)) {
    const directive = subject.get(name);
    const what = directive === undefined ? null : reason(directive.value, subject, source);
    if (directive !== undefined && what !== null) report.lose(directive, subject.title, what);
  }
}
