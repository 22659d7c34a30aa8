import type { Perfdatum } from '../model.ts';

/** An event lies in the store once per handler; plugins may print thousands of figures. */
const maxFigures = 50;

/** Figures as Nagios plugins print them, the first 50: `'label'=value[unit];[warn];[crit];[min];[max]`, with spaces in between. */
export function perfdataText(perfdata: readonly Perfdatum[]): string {
  return perfdata.slice(0, maxFigures).map(figureText).join(' ');
}

function figureText({ label, value, unit, warn, crit, min, max }: Perfdatum): string {
  const quoted = /[\s='";|]/.test(label) ? `'${label.replaceAll("'", "''")}'` : label;
  const found = value === null ? 'U' : `${value}${unit}`;
  const limits = [warn, crit, min, max].map((limit) => limit ?? '').join(';');
  return `${quoted}=${found};${limits}`.replace(/;+$/, '');
}
