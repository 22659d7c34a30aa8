import { type PassiveRule, PassiveRules, passiveCheckId } from 'opsbro/sdk';
import type { ServiceFacts } from '../model.ts';

/** Options of services whose names, `SERVER/SERVICE`, fit. */
export interface ServiceRule extends PassiveRule {
  period?: string;
  grace?: string;
  schedule?: string;
  timezone?: string;
  /** For `/ping/UUID`. */
  uuid?: string;
  /** For `/api/push/TOKEN`. */
  token?: string;
}

/** Finds what rules say of a service. */
export class Rules {
  readonly #rules: PassiveRules<ServiceRule>;
  readonly #byUuid = new Map<string, ServiceRule>();
  readonly #byToken = new Map<string, ServiceRule>();

  constructor(rules: readonly ServiceRule[]) {
    this.#rules = new PassiveRules(rules);
    for (const rule of rules) {
      if (rule.uuid !== undefined) this.#byUuid.set(rule.uuid.toLowerCase(), named(rule, 'uuid'));
      if (rule.token !== undefined) this.#byToken.set(rule.token, named(rule, 'token'));
    }
  }

  /** All keys that hold for a service. */
  of(server: string, service: string): ServiceRule {
    return this.#rules.of(`${server}/${service}`);
  }

  withUuid(uuid: string): ServiceRule | undefined {
    return this.#byUuid.get(uuid.toLowerCase());
  }

  withToken(token: string): ServiceRule | undefined {
    return this.#byToken.get(token);
  }
}

/** The id of a service as a check of the agent. */
export function checkId({ server, name }: ServiceFacts): string {
  return passiveCheckId('push', server.name, name);
}

function named(rule: ServiceRule, what: string): ServiceRule {
  if (/[*?]/.test(rule.match) || !rule.match.includes('/'))
    throw new Error(
      `'${rule.match}' of 'services' has '${what}', so it must name one service, SERVER/SERVICE`,
    );
  return rule;
}
