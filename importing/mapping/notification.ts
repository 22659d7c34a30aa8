import type { Definition, Directive, NagiosConfiguration } from '../nagios/model.ts';
import { secretUser } from './macro-values.ts';
import { isMacro, type MacroValues } from './macros.ts';
import { notificationText } from './shell-text.ts';

/** A notification command as the script of an exec handler. */
export interface NotificationScript {
  text: string;
  /** Macros whose values a check has to bring along, in labels of their names in lower case. */
  ofCheck: string[];
  /** Macros that are empty: only a running Nagios knows them. */
  empty: string[];
  /** The `USERn` in it that may be a password. */
  secret: string | undefined;
}

const words = (text: string): Set<string> => new Set(text.split(' '));

/** What the exec handler knows of any event. */
const common = words(
  'NOTIFICATIONTYPE NOTIFICATIONRECIPIENTS NOTIFICATIONISESCALATED NOTIFICATIONNUMBER NOTIFICATIONAUTHOR NOTIFICATIONCOMMENT ' +
    'HOSTNAME HOSTADDRESS HOSTSTATE HOSTSTATEID HOSTSTATETYPE LONGDATETIME SHORTDATETIME DATE TIME TIMET',
);
/** What it knows of a check. Of the check of a host these are about the host. */
const ofCheck = words(
  'SERVICEOUTPUT LONGSERVICEOUTPUT SERVICEPERFDATA SERVICEATTEMPT MAXSERVICEATTEMPTS SERVICEPROBLEMID LASTSERVICEPROBLEMID SERVICEEVENTID ' +
    'SERVICEDURATION SERVICEDURATIONSEC LASTSERVICECHECK LASTSERVICESTATECHANGE SERVICENOTIFICATIONNUMBER SERVICENOTES SERVICENOTESURL ' +
    'SERVICEACKAUTHOR SERVICEACKCOMMENT',
);
const ofService = words(
  'SERVICEDESC SERVICEDISPLAYNAME SERVICESTATE SERVICESTATEID LASTSERVICESTATE LASTSERVICESTATEID SERVICESTATETYPE SERVICECHECKCOMMAND',
);
/** What only the configuration knows. */
const written =
  /^(_(HOST|SERVICE)\w+|HOST(ALIAS|DISPLAYNAME|NOTES|NOTESURL|ACTIONURL|PARENTS|GROUPNAMES?|GROUPALIAS)|SERVICE(ACTIONURL|GROUPNAMES?|GROUPALIAS)|SERVICEDESC)$/;

/** A handler tells of checks of its own node; the host that Nagios means is in the labels, and the state of a host is that of its check. */
const preamble = `export NAGIOS_HOSTNAME="\${NAGIOS__SERVICEHOST:-$NAGIOS_HOSTNAME}" NAGIOS_SERVICEDESC="\${NAGIOS__SERVICESERVICEDESC:-$NAGIOS_SERVICEDISPLAYNAME}"
export NAGIOS_HOSTALIAS="\${NAGIOS__SERVICEHOSTALIAS:-$NAGIOS_HOSTNAME}" NAGIOS_HOSTADDRESS="\${NAGIOS__SERVICEADDRESS:-$NAGIOS_HOSTADDRESS}"`;
const inPreamble = new Set(['SERVICEDESC', 'HOSTALIAS']);
const hostState = `export NAGIOS_HOSTOUTPUT="\${NAGIOS_SERVICEOUTPUT:-$NAGIOS_HOSTOUTPUT}"
case "$NAGIOS_SERVICESTATE" in CRITICAL|UNKNOWN) export NAGIOS_HOSTSTATE=DOWN NAGIOS_HOSTSTATEID=1 ;; esac`;
const lastHostState = `case "$NAGIOS_LASTSERVICESTATE" in CRITICAL|UNKNOWN) export NAGIOS_LASTHOSTSTATE=DOWN NAGIOS_LASTHOSTSTATEID=1 ;; esac`;

/** Makes a script of the command line by which a contact is told of hosts or of services. */
export function notificationScript(
  source: NagiosConfiguration,
  kind: 'host' | 'service',
  line: string,
  values: MacroValues,
): NotificationScript {
  const asked = new Set<string>();
  const text = notificationText(line, (macro) => {
    const value = values(macro);
    if (value === undefined && isMacro(macro)) asked.add(macro);
    return value;
  });
  const ofLabels = [...asked].filter((macro) => written.test(macro) && !(kind === 'host' && isOfHost(macro)));
  const lines = kind === 'host' ? [preamble, hostState] : [preamble];
  if (kind === 'host' && [...asked].some((macro) => /^LASTHOSTSTATE(ID)?$/.test(macro)))
    lines.push(lastHostState);
  const moved =
    kind === 'host' ? [...asked].filter((macro) => macro !== 'HOSTOUTPUT' && isOfHost(macro)) : [];
  const given = [
    ...moved.map((macro) => [macro, `NAGIOS_${twinOf(macro)}`]),
    ...ofLabels.filter((macro) => !inPreamble.has(macro)).map((macro) => [macro, `NAGIOS__SERVICE${macro}`]),
  ];
  if (given.length > 0)
    lines.push(`export ${given.map(([macro, variable]) => `NAGIOS_${macro}="$${variable}"`).join(' ')}`);
  return {
    text: [...lines, text].join('\n'),
    ofCheck: ofLabels,
    empty: [...asked].filter((macro) => !ofLabels.includes(macro) && !isKnown(macro, kind)),
    secret: secretUser(source, line),
  };
}

/** The labels that a check needs for these macros, beside those that every check has. */
export function labelsFor(
  macros: Iterable<string>,
  host: string,
  { directives }: Definition,
  values: MacroValues,
): { [name: string]: string } {
  const isThere = (macro: string): boolean =>
    (macro !== 'SERVICEDESC' || directives.has('display_name')) &&
    (macro !== 'HOSTALIAS' || values(macro) !== host);
  const found = [...macros].filter(isThere).map((macro) => [macro.toLowerCase(), values(macro) ?? '']);
  return Object.fromEntries(found.filter(([, value]) => value !== ''));
}

/** Macros of a host that the check of the host brings along under the name of a service. */
function isOfHost(macro: string): boolean {
  return macro.includes('HOST') && ofCheck.has(twinOf(macro));
}

function twinOf(macro: string): string {
  return macro.replace('HOST', 'SERVICE');
}

function isKnown(macro: string, kind: 'host' | 'service'): boolean {
  if (common.has(macro)) return true;
  if (kind === 'host') return isOfHost(macro) || /^LASTHOSTSTATE(ID)?$/.test(macro);
  return ofCheck.has(macro) || ofService.has(macro);
}

/** The command line of a command by its name. */
export function commandLineOf({ commands }: NagiosConfiguration, name: string): Directive | undefined {
  return commands.get(name)?.directives.get('command_line');
}
