import type { Alert, HandlerEvent, Json } from 'opsbro/sdk';

/** Variables of a program's environment. */
export interface Variables {
  [name: string]: string;
}

/** Who is told, for the macros of contacts. */
export interface Contact {
  name: string;
  emails: string[];
}

const stateIds: { [state: string]: number } = { ok: 0, warning: 1, critical: 2, unknown: 3 };
/** The kernel takes 128 KiB of one variable (MAX_ARG_STRLEN), a character of UTF-16 at most three bytes of it. */
const maxLength = 40_000;

/**
 * The macros of a Nagios notification as Nagios Core puts them into the environment (`enable_environment_macros`): of a service
 * notification for an alert, of a host notification for everything else. Line ends of the long output are written `\n`, as Nagios does.
 */
export function nagiosVariables(
  event: HandlerEvent,
  alert: Partial<Alert> | undefined,
  contact: Contact,
): Variables {
  const macros = {
    ...commonMacros(event, contact),
    ...(alert === undefined ? { HOSTOUTPUT: event.summary } : serviceMacros(event, alert)),
  };
  return Object.fromEntries(
    Object.entries(macros).map(([name, value]) => [
      `NAGIOS_${name}`,
      text(value).replaceAll('\0', '').slice(0, maxLength),
    ]),
  );
}

function commonMacros(event: HandlerEvent, { name, emails }: Contact): { [macro: string]: Json } {
  const { type, node, at, data } = event;
  const local = new Date(at);
  const [, month, day, year] = /^\w+ (\w+) (\d+) (\d+)/.exec(local.toDateString()) ?? [];
  const date = `${two(local.getMonth() + 1)}-${two(local.getDate())}-${local.getFullYear()}`;
  const time = `${two(local.getHours())}:${two(local.getMinutes())}:${two(local.getSeconds())}`;
  const zone = /\(([^)]+)\)/.exec(local.toString())?.[1] ?? '';
  const abbreviated = zone.includes(' ') ? zone.replaceAll(/[^A-Z]/g, '') : zone;
  return {
    NOTIFICATIONTYPE: notificationType(event),
    NOTIFICATIONRECIPIENTS: name,
    NOTIFICATIONISESCALATED: Number(data.escalation) > 0 ? 1 : 0,
    NOTIFICATIONNUMBER: Number(data.repeat ?? 0) + 1,
    NOTIFICATIONAUTHOR: data.by ?? '',
    NOTIFICATIONCOMMENT: type === 'test' || type === 'canary' ? `${type} by OpsBro` : (data.comment ?? ''),
    HOSTNAME: node,
    HOSTALIAS: node,
    HOSTDISPLAYNAME: node,
    HOSTADDRESS: node,
    HOSTSTATE: 'UP',
    HOSTSTATEID: 0,
    LASTHOSTSTATE: 'UP',
    LASTHOSTSTATEID: 0,
    HOSTSTATETYPE: 'HARD',
    HOSTATTEMPT: 1,
    MAXHOSTATTEMPTS: 1,
    CONTACTNAME: name,
    CONTACTALIAS: name,
    CONTACTEMAIL: emails.join(','),
    CONTACTPAGER: '',
    LONGDATETIME: `${local.toDateString().slice(0, 3)} ${month} ${Number(day)} ${time} ${abbreviated} ${year}`,
    SHORTDATETIME: `${date} ${time}`,
    DATE: date,
    TIME: time,
    TIMET: Math.floor(at / 1000),
  };
}

function serviceMacros({ at, data, node }: HandlerEvent, alert: Partial<Alert>): { [macro: string]: Json } {
  const { state = 'unknown', old_state = 'ok', since = at, repeat = 0, labels = {} } = alert;
  const seconds = Math.max(0, Math.floor((at - since) / 1000));
  const hours = `${Math.floor(seconds / 86400)}d ${Math.floor((seconds % 86400) / 3600)}h`;
  const { notes = '', runbook = '', attempt = 1, attempts = 1, episode = 0 } = alert;
  return {
    SERVICEDESC: alert.name ?? '',
    SERVICEDISPLAYNAME: alert.display_name ?? alert.name ?? '',
    SERVICESTATE: state.toUpperCase(),
    SERVICESTATEID: stateIds[state] ?? 3,
    LASTSERVICESTATE: old_state.toUpperCase(),
    LASTSERVICESTATEID: stateIds[old_state] ?? 0,
    SERVICESTATETYPE: 'HARD',
    SERVICEATTEMPT: attempt,
    MAXSERVICEATTEMPTS: attempts,
    SERVICEOUTPUT: alert.output ?? '',
    LONGSERVICEOUTPUT: escaped(alert.long_output ?? ''),
    SERVICEPERFDATA: '',
    SERVICECHECKCOMMAND: alert.check ?? '',
    SERVICEPROBLEMID: state === 'ok' ? 0 : episode,
    LASTSERVICEPROBLEMID: episode,
    SERVICEEVENTID: episode,
    SERVICEDURATION: `${hours} ${Math.floor((seconds % 3600) / 60)}m ${seconds % 60}s`,
    SERVICEDURATIONSEC: seconds,
    LASTSERVICECHECK: Math.floor((alert.at ?? at) / 1000),
    LASTSERVICESTATECHANGE: Math.floor(since / 1000),
    SERVICENOTIFICATIONNUMBER: repeat + 1,
    SERVICENOTES: notes,
    SERVICENOTESURL: runbook,
    SERVICEGROUPNAME: alert.pack ?? '',
    SERVICEGROUPNAMES: alert.pack ?? '',
    SERVICEACKAUTHOR: data.by ?? '',
    SERVICEACKCOMMENT: data.comment ?? '',
    NOTIFICATIONTYPE: state === 'ok' ? 'RECOVERY' : 'PROBLEM',
    NOTIFICATIONNUMBER: repeat + 1,
    _HOSTNODE: node,
    ...Object.fromEntries(
      Object.entries(labels).map(([name, value]) => [
        `_SERVICE${name.toUpperCase().replaceAll(/[^A-Z0-9_]/g, '_')}`,
        value,
      ]),
    ),
  };
}

function notificationType({ type, data }: HandlerEvent): string {
  const isEnd = data.flapping === false || data.change === 'ended';
  if (type === 'acknowledgement') return isEnd ? 'CUSTOM' : 'ACKNOWLEDGEMENT';
  if (type === 'flapping') return isEnd ? 'FLAPPINGSTOP' : 'FLAPPINGSTART';
  if (type === 'downtime' && isEnd) return data.cause === 'removed' ? 'DOWNTIMECANCELLED' : 'DOWNTIMEEND';
  if (type === 'downtime') return 'DOWNTIMESTART';
  return type === 'problem' || type === 'recovery' ? type.toUpperCase() : 'CUSTOM';
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

function text(value: Json): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
