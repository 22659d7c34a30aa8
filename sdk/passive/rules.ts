import { createHash } from 'node:crypto';
import type { JsonObject } from '../values.ts';

/** How checks that others run become states, and who is told: the keys of checks in YAML, for those whose names fit. */
export interface PassiveRule {
  /** `HOST/SERVICE`, with `*` and `?`. */
  match: string;
  attempts?: number;
  for?: string;
  handlers?: string[];
  depends_on?: string[];
  labels?: { [name: string]: string };
  notes?: string;
  runbook?: string;
  mode?: string;
  [key: string]: unknown;
}

const policyKeys = [
  'attempts',
  'for',
  'volatile',
  'flapping',
  'handlers',
  'depends_on',
  'dependency_wait',
  'notes',
  'runbook',
  'mode',
  'escalation',
] as const;
/** Names whose rules are remembered. */
const mostFound = 200_000;
const longestId = 500;

/**
 * Finds what rules say of a check: for each key the first rule that fits decides. Rules are looked at once for each name.
 * @example `new PassiveRules(options.services).of('web1/backup').attempts`
 */
export class PassiveRules<Rule extends PassiveRule> {
  readonly #rules: { pattern: RegExp; rule: Rule }[];
  /** What rules say by which of them fit: most names share one. */
  readonly #joined = new Map<string, Rule>();
  readonly #found = new Map<string, Rule>();

  constructor(rules: readonly Rule[]) {
    this.#rules = rules.map((rule) => ({ pattern: patternOf(rule.match), rule }));
  }

  /** All keys that hold for a name, but for `match`, which is ''. Not to be changed: others have it too. */
  of(name: string): Rule {
    // Without rules there is nothing to remember of a hundred thousand names.
    if (this.#rules.length === 0) return this.#join([]);
    const known = this.#found.get(name);
    if (known !== undefined) return known;
    const found = this.#join([...this.#rules.keys()].filter((at) => this.#rules[at]?.pattern.test(name)));
    if (this.#found.size > mostFound) {
      this.#found.clear();
      this.#joined.clear();
    }
    this.#found.set(name, found);
    return found;
  }

  #join(fitting: number[]): Rule {
    const key = fitting.join();
    const known = this.#joined.get(key);
    if (known !== undefined) return known;
    const rules = fitting.reverse().map((at) => this.#rules[at]?.rule);
    const joined = Object.assign({}, ...rules, { match: '' }) as Rule;
    this.#joined.set(key, joined);
    return joined;
  }
}

/** The keys of a rule that the agent's state machine and routing go by, for `PassiveCheck`. */
export function passivePolicy(rule: PassiveRule, defaultHandlers: readonly string[] | null): JsonObject {
  const own = Object.fromEntries(
    policyKeys.flatMap((key) => (rule[key] === undefined ? [] : [[key, rule[key]]])),
  );
  return { ...(defaultHandlers !== null && { handlers: [...defaultHandlers] }), ...own } as JsonObject;
}

/**
 * The id of a check that others run. Hosts are each other's strangers, so none has a name with which it tells of the checks of another: a slash
 * of its name is `%2F`, a space that it begins with `%20`, and what is too long ends with a hash. Without a name it is the host's own.
 */
export function passiveCheckId(pack: string, host: string, name: string | null): string {
  const step = host.replaceAll(/^\s|[%/\p{Cc}]/gu, encodeURIComponent);
  const id = `${pack}/check/${step}${name === null ? '' : `/${name}`}`.replaceAll(/\p{Cc}/gu, ' ');
  if (id.length <= longestId) return id;
  const hash = createHash('sha256').update(id).digest('hex').slice(0, 32);
  return `${id.slice(0, longestId - hash.length - 1)}~${hash}`;
}

function patternOf(match: string): RegExp {
  const source = match
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'su');
}
