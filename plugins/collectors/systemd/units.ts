/** What `systemctl show` says of the manager. `failed` is missing on versions that do not count (before 230). */
export interface Manager {
  version: string;
  state: string;
  units: number;
  jobs: number;
  failed?: number;
}

/** The properties of the manager that `parseManager` reads (org.freedesktop.systemd1(5)). */
export const MANAGER_PROPERTIES = ['Version', 'SystemState', 'NNames', 'NJobs', 'NFailedUnits'];

const MAXIMUM_NAMES = 100;

/** Parses the `Key=value` lines of `systemctl show`; undefined when they lack the manager's state. */
export function parseManager(text: string): Manager | undefined {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const equals = line.indexOf('=');
    if (equals > 0) values.set(line.slice(0, equals), line.slice(equals + 1).trim());
  }
  const state = values.get('SystemState');
  if (state === undefined || state === '') return undefined;
  const failed = count(values.get('NFailedUnits'));
  return {
    version: values.get('Version') ?? '',
    state,
    units: count(values.get('NNames')) ?? 0,
    jobs: count(values.get('NJobs')) ?? 0,
    ...(failed === undefined ? {} : { failed }),
  };
}

/**
 * Names of the units in the output of `systemctl list-units --plain --no-legend`, sorted. Versions before 246 mark a failed unit
 * with a dot even with `--plain`, so what is no unit name at the start of a line is skipped.
 */
export function parseUnitNames(text: string): string[] {
  const names = new Set<string>();
  for (const line of text.split('\n')) {
    const match = /^\W{0,2}\s*([\w:.\\@-]+\.[a-z]+)\s+\S+\s+\S+\s+\S+/.exec(line);
    if (match?.[1] !== undefined) names.add(match[1]);
  }
  return [...names].sort().slice(0, MAXIMUM_NAMES);
}

function count(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
