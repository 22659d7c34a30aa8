import { labelBytes } from './write-request.ts';

/** Which names become which series, as the configuration has it. */
export interface LabelRule {
  /** Steps between dots, `*` stands for one or a part of one. */
  match: string;
  /** What the metric is called; `$1` is what the first `*` stood for. */
  name: string;
  labels?: { [label: string]: string };
}

type Labels = Map<string, string>;

/** Names that are remembered. */
const maxNames = 100_000;

/** Makes labels of Prometheus of Graphite's names: the same ones for the same name, and for no other. */
export class LabelMaker {
  readonly #rules: { pattern: RegExp; rule: LabelRule }[];
  readonly #fixed: { [label: string]: string };
  readonly #made = new Map<string, Buffer>();
  readonly #owners = new Map<string, string>();

  constructor(rules: readonly LabelRule[], fixed: { [label: string]: string }) {
    this.#rules = rules.map((rule) => ({ pattern: patternOf(rule.match), rule }));
    this.#fixed = fixed;
  }

  /** Encoded labels of a name, with tags or without. */
  of(name: string): Buffer {
    const known = this.#made.get(name);
    if (known !== undefined) return known;
    if (this.#made.size >= maxNames) {
      this.#made.clear();
      this.#owners.clear();
    }
    const labels = this.#labels(name);
    const key = JSON.stringify(sorted(labels));
    const owner = this.#owners.get(key) ?? name;
    // `a.b` and `a_b` would be one series.
    if (owner !== name) labels.set('graphite_name', name);
    else this.#owners.set(key, name);
    const bytes = labelBytes(sorted(labels));
    this.#made.set(name, bytes);
    return bytes;
  }

  #labels(name: string): Labels {
    const [path = '', ...tags] = name.split(';');
    const labels: Labels = new Map(Object.entries(this.#fixed));
    for (const tag of tags) {
      const [label = '', ...value] = tag.split('=');
      labels.set(labelName(label), value.join('='));
    }
    for (const { pattern, rule } of this.#rules) {
      const found = pattern.exec(path);
      if (found === null) continue;
      const filled = (text: string): string =>
        text.replace(/\$(\d)|\$\{(\d)\}/g, (_, one, other) => found[Number(one ?? other)] ?? '');
      for (const [label, text] of Object.entries(rule.labels ?? {}))
        labels.set(labelName(label), filled(text));
      return labels.set('__name__', metricName(filled(rule.name)));
    }
    return labels.set('__name__', metricName(path));
  }
}

/** By name, and without empty ones, as the receiver wants them. */
function sorted(labels: Labels): [string, string][] {
  return [...labels].filter(([, value]) => value !== '').sort(([one], [other]) => (one < other ? -1 : 1));
}

function patternOf(match: string): RegExp {
  const escaped = match.replace(/[\\^$.+?()[\]{}|]/g, '\\$&').replaceAll('*', '([^.]*)');
  return new RegExp(`^${escaped}$`);
}

/** `[a-zA-Z_:][a-zA-Z0-9_:]*`: everything else becomes `_`. */
function metricName(text: string): string {
  return text.replace(/[^a-zA-Z0-9_:]/g, '_').replace(/^(?=\d|$)/, '_');
}

/** As a metric's, without `:`; names that begin with `__` are the receiver's own. */
function labelName(text: string): string {
  return text
    .replace(/[^a-zA-Z0-9_]/g, '_')
    .replace(/^__+/, '_')
    .replace(/^(?=\d|$)/, '_');
}
