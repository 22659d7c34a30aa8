/** Labels and a value. */
export type Sample = [labels: { [name: string]: string }, value: number];

/** What a family is. `unknown` where the kernel mixes counters and gauges under one prefix. */
export type FamilyType = 'counter' | 'gauge' | 'unknown';

/** Samples of one name. */
export interface Family {
  /** With the ending `_total` of counters. */
  name: string;
  help: string;
  type: FamilyType;
  samples: Sample[];
}

/** Families in order, by name: a sample of a known name joins it. Beyond `maxSamples` samples are counted and left out. */
export class Families {
  readonly #families = new Map<string, Family>();
  readonly #maxSamples: number;
  #count = 0;
  /** Samples that were left out. */
  dropped = 0;

  constructor(maxSamples: number) {
    this.#maxSamples = maxSamples;
  }

  /** Adds one sample; what is no finite number is left out. */
  add(
    name: string,
    type: FamilyType,
    help: string,
    value: unknown,
    labels: { [name: string]: string } = {},
  ): void {
    if (typeof value !== 'number' || !Number.isFinite(value)) return;
    if (this.#count >= this.#maxSamples) {
      this.dropped += 1;
      return;
    }
    let family = this.#families.get(name);
    if (family === undefined) {
      family = { name, help, type, samples: [] };
      this.#families.set(name, family);
    }
    family.samples.push([labels, value]);
    this.#count += 1;
  }

  [Symbol.iterator](): Iterator<Family> {
    return this.#families.values();
  }
}

/** Text and its content type. */
export interface Exposition {
  type: string;
  text: string;
}

/** In OpenMetrics where `accept` prefers it, else in the text format 0.0.4. */
export function exposition(families: Iterable<Family>, accept: string): Exposition {
  const isOpen = prefersOpenMetrics(accept);
  const parts: string[] = [];
  for (const { name, help, type, samples } of families) {
    const family = isOpen && type === 'counter' ? name.replace(/_total$/, '') : name;
    parts.push(`# HELP ${family} ${escapedHelp(help, isOpen)}\n# TYPE ${family} ${typeName(type, isOpen)}\n`);
    for (const [labels, value] of samples) parts.push(`${name}${labelText(labels)} ${value}\n`);
  }
  if (isOpen) parts.push('# EOF\n');
  return {
    type: isOpen
      ? 'application/openmetrics-text; version=1.0.0; charset=utf-8'
      : 'text/plain; version=0.0.4; charset=utf-8',
    text: parts.join(''),
  };
}

function typeName(type: FamilyType, isOpen: boolean): string {
  return type === 'unknown' && !isOpen ? 'untyped' : type;
}

/** By the weights that the header gives; of equal ones the plain text, which everybody reads. */
export function prefersOpenMetrics(accept: string): boolean {
  const weights = { open: 0, text: 0 };
  for (const range of accept.slice(0, 4096).split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const written = parameters.find((one) => one.startsWith('q='));
    const weight = written === undefined ? 1 : Number(written.slice(2)) || 0;
    if (type === 'application/openmetrics-text') weights.open = Math.max(weights.open, weight);
    else if (['text/plain', 'text/*', '*/*'].includes(type)) weights.text = Math.max(weights.text, weight);
  }
  return weights.open > weights.text;
}

function labelText(labels: { [name: string]: string }): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${escaped(value).replaceAll('"', '\\"')}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapedHelp(help: string, isOpen: boolean): string {
  return isOpen ? escaped(help).replaceAll('"', '\\"') : escaped(help);
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
