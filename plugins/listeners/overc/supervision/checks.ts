import {
  type JsonObject,
  type PassiveCheck,
  type PassiveLink,
  passivePolicy,
  readQuantity,
  type Told,
} from 'opsbro/sdk';
import type { ServiceFacts, State } from '../model.ts';
import type { Settings } from '../options.ts';
import { Pings } from '../ping/pings.ts';
import type { Expectation } from './lateness.ts';
import { checkId, type Rules, type ServiceRule } from './rules.ts';

/** Seconds that a job may take that said that it began, where no rule has a grace; as Healthchecks has it. */
const longestRun = 3600;
/** Of a service that no rule is for, while none said of a start: there may be a hundred thousand in each pass. */
const usualExpectation: Expectation = { grace: 0, schedule: null, startedMs: 0, runLimit: longestRun };
const states: { [state in State]: Told['state'] } = {
  OK: 'ok',
  WARN: 'warning',
  FAIL: 'critical',
  UNK: 'unknown',
};

/** A state as checks have it. */
export function checkState(state: State): Told['state'] {
  return states[state];
}

/** Services as checks of the agent, from their first state on. */
export class ServiceChecks {
  readonly #link: PassiveLink;
  readonly #rules: Rules;
  readonly #settings: Settings;
  readonly #policies = new WeakMap<ServiceRule, JsonObject>();
  readonly #make = (service: ServiceFacts): PassiveCheck => this.#makeCheck(service);

  constructor(link: PassiveLink, rules: Rules, settings: Settings) {
    this.#link = link;
    this.#rules = rules;
    this.#settings = settings;
  }

  /** A service is so; null: it went offline. */
  tell(service: ServiceFacts, state: { state: State; info: string } | null): void {
    const told: Told =
      state === null
        ? { state: 'critical', output: offlineText(service) }
        : { state: states[state.state], output: state.info };
    this.#link.tellOf(service, service.period, this.#make, told);
  }

  /** They are no checks any more. */
  forget(services: ServiceFacts[]): void {
    this.#link.forget(services.map(checkId), services);
  }

  /** Another server of the database has them from now on. */
  handOver(services: ServiceFacts[]): void {
    this.#link.handOver(services.map(checkId), services);
  }

  /** When a service should report. `running` are jobs that said that they began, and when. */
  expectation({ server, name }: ServiceFacts, running?: ReadonlyMap<string, number>): Expectation {
    if (this.#settings.services.length === 0 && (running?.size ?? 0) === 0) return usualExpectation;
    const { grace: given, schedule: cron, timezone = 'UTC' } = this.#rules.of(server.name, name);
    const grace = given === undefined ? undefined : readQuantity(given);
    return {
      grace: grace ?? 0,
      schedule: cron === undefined ? null : { cron, timezone },
      startedMs: running?.get(Pings.jobOf(server.name, name)) ?? 0,
      runLimit: grace ?? longestRun,
    };
  }

  /** Mostly services have the rule of others. */
  #policyOf(rule: ServiceRule): JsonObject {
    const { default_handlers: handlers } = this.#settings;
    const policy = this.#policies.get(rule) ?? passivePolicy(rule, handlers.length === 0 ? null : handlers);
    this.#policies.set(rule, policy);
    return policy;
  }

  #makeCheck(service: ServiceFacts): PassiveCheck {
    const { server, name, title, period } = service;
    const rule = this.#rules.of(server.name, name);
    const { grace } = this.expectation(service);
    return {
      id: checkId(service),
      name: `${server.name}/${name}`,
      display_name: `${server.title} ${title}`,
      interval: rule.schedule !== undefined || period === null ? null : period + grace,
      labels: Object.assign({ server: server.name, service: name }, rule.labels),
      policy: this.#policyOf(rule),
    };
  }
}

function offlineText({ current, period }: ServiceFacts): string {
  const before = current === null ? '' : `; before it said ${current.state}: ${current.info}`;
  const due = period === null ? 'no report in time' : `no report within ${period} s`;
  return `Monitoring plugin offline: ${due}${before}`;
}
