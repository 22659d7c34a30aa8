import { createHash } from 'node:crypto';
import type { JsonObject } from 'opsbro/sdk';
import type { ServiceFacts } from '../model.ts';

/** Options of services whose names fit: the first rule that fits decides for each key. */
export interface ServiceRule {
  /** `SERVER/SERVICE`, with `*` and `?`. */
  match: string;
  period?: string;
  grace?: string;
  schedule?: string;
  timezone?: string;
  /** For `/ping/UUID`. */
  uuid?: string;
  /** For `/api/push/TOKEN`. */
  token?: string;
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

/** Finds what rules say of a service. Rules are looked at once for each service. */
export class Rules {
  readonly #rules: { pattern: RegExp; rule: ServiceRule }[];
  readonly #found = new Map<string, ServiceRule>();
  readonly #byUuid = new Map<string, ServiceRule>();
  readonly #byToken = new Map<string, ServiceRule>();

  constructor(rules: readonly ServiceRule[]) {
    this.#rules = rules.map((rule) => ({ pattern: patternOf(rule.match), rule }));
    for (const rule of rules) {
      if (rule.uuid !== undefined) this.#byUuid.set(rule.uuid.toLowerCase(), named(rule, 'uuid'));
      if (rule.token !== undefined) this.#byToken.set(rule.token, named(rule, 'token'));
    }
  }

  /** All keys that hold for a service. */
  of(server: string, service: string): ServiceRule {
    const name = `${server}/${service}`;
    const known = this.#found.get(name);
    if (known !== undefined) return known;
    const fitting = this.#rules.filter(({ pattern }) => pattern.test(name)).map(({ rule }) => rule);
    const found = Object.assign({ match: name }, ...fitting.reverse(), { match: name }) as ServiceRule;
    if (this.#found.size > 200_000) this.#found.clear();
    this.#found.set(name, found);
    return found;
  }

  withUuid(uuid: string): ServiceRule | undefined {
    return this.#byUuid.get(uuid.toLowerCase());
  }

  withToken(token: string): ServiceRule | undefined {
    return this.#byToken.get(token);
  }
}

/** The keys that the agent's state machine and routing go by. */
export function policyOf(rule: ServiceRule, defaultHandlers: string[] | null): JsonObject {
  const own = Object.fromEntries(
    policyKeys.flatMap((key) => (rule[key] === undefined ? [] : [[key, rule[key]]])),
  );
  return { ...(defaultHandlers !== null && { handlers: defaultHandlers }), ...own } as JsonObject;
}

const longestId = 500;

/**
 * The id of a service as a check of the agent. Servers are each other's strangers, so none has a name with which it tells of the checks of another:
 * a slash of its name is `%2F`, and what is too long ends with a hash.
 */
export function checkId({ server, name }: ServiceFacts): string {
  const step = server.name.replaceAll(/[%/\p{Cc}]/gu, encodeURIComponent);
  const id = `push/check/${step}/${name}`.replaceAll(/\p{Cc}/gu, ' ');
  if (id.length <= longestId) return id;
  const hash = createHash('sha256').update(id).digest('hex').slice(0, 32);
  return `${id.slice(0, longestId - hash.length - 1)}~${hash}`;
}

function named(rule: ServiceRule, what: string): ServiceRule {
  if (/[*?]/.test(rule.match) || !rule.match.includes('/'))
    throw new Error(
      `'${rule.match}' of 'services' has '${what}', so it must name one service, SERVER/SERVICE`,
    );
  return rule;
}

function patternOf(match: string): RegExp {
  const source = match
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'su');
}
