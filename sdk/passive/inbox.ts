import type { ServiceContext } from '../define.ts';
import { readQuantity } from '../judgement.ts';
import type { JsonObject, VerdictState } from '../values.ts';
import { PassiveLink } from './link.ts';
import type { PassiveCheck } from './report.ts';
import { type PassiveRule, PassiveRules, passiveCheckId, passivePolicy } from './rules.ts';
import { Wakefulness } from './wakefulness.ts';

/** A rule that also says how old a result may grow. */
export interface FreshnessRule extends PassiveRule {
  /** A duration; without it nothing is late. */
  freshness?: string;
}

/** Options that a service has which takes results of others' checks. */
export interface PassiveOptions {
  max_checks: number;
  forget: string;
  default_handlers: string[];
  services: FreshnessRule[];
}

/** A result as Nagios takes it from outside. */
export interface ReportedResult {
  host: string;
  /** null: of the host itself, whose codes are 0 up, 1 down, 2 unreachable. */
  service: string | null;
  /** 0 ok, 1 warning, 2 critical; anything else is unknown. */
  code: number;
  /** Of a plugin: text, and figures behind a bar. Lines end with `\n`, written as two characters. */
  output: string;
}

interface Known {
  host: string;
  service: string | null;
  check: PassiveCheck;
  freshMs: number | undefined;
  /** When its last result came, monotonic ms; of what an earlier agent had, when this one began to listen. */
  seenMs: number;
  isLate: boolean;
  /** What it said last, for people. */
  said: string;
}

const beatMs = 1000;
const longestName = 255;
const states: readonly VerdictState[] = ['ok', 'warning', 'critical', 'unknown'];

/**
 * Takes results of checks that others run, and makes checks of the agent of them, `<pack>/check/HOST/SERVICE`: at once, each result, and one more
 * where a rule's `freshness` passes without any. Bounded by `max_checks`; a check of which nothing came for `forget`, while this listened, is removed.
 * For trusted services whose manifest `needs: [routes]`.
 * @example `inbox.take({ host: 'web1', service: 'backup', code: 0, output: 'done | size=12GB' });`
 */
export class PassiveInbox {
  readonly #ctx: ServiceContext<PassiveOptions>;
  readonly #pack: string;
  readonly #rules: PassiveRules<FreshnessRule>;
  readonly #link: PassiveLink;
  readonly #awake: Wakefulness;
  readonly #known = new Map<string, Known>();
  readonly #forgetMs: number;
  #timer: NodeJS.Timeout | undefined;
  #isFullTold = false;
  /** Results that were taken, and those of a further check than may be known, or with a name that is none. */
  readonly counts = { taken: 0, full: 0, unnamed: 0 };

  /** `name` is that of the listener, and the pack of its checks. Throws for a rule that makes no sense. */
  constructor(ctx: ServiceContext<PassiveOptions>, name: string) {
    const { ask, clock, log, options } = ctx;
    this.#ctx = ctx;
    this.#pack = name;
    for (const { freshness } of options.services) if (freshness !== undefined) readQuantity(freshness);
    this.#rules = new PassiveRules(options.services);
    this.#forgetMs = readQuantity(options.forget) * 1000;
    this.#awake = new Wakefulness(clock.monotonic());
    this.#link = new PassiveLink({
      ...{ plugin: `listener/${name}`, ask, clock, tellsAll: true },
      trouble: (message) => log.warn(message),
    });
  }

  /** Learns what an earlier agent knew. To be called before results come. */
  async open(): Promise<void> {
    const { ask } = this.#ctx;
    const asked = { route: '/api/v1/checks', method: 'GET', params: {}, query: {}, body: null };
    const { status, body } = await ask(asked);
    if (status !== 200) throw new Error(`the agent does not tell its checks (${status})`);
    const checks = JSON.parse(new TextDecoder().decode(body)) as { id: string }[];
    const begins = `${this.#pack}/check/`;
    for (const { id } of checks) {
      if (!id.startsWith(begins)) continue;
      const [step = '', ...rest] = id.slice(begins.length).split('/');
      // As old as this agent, whenever its last result came: while nobody listened, none could, and a wall clock may be wrong at boot.
      this.#known.set(id, this.#make(decoded(step), rest.length === 0 ? null : rest.join('/')));
    }
    this.#timer = setInterval(() => this.pass(), beatMs);
  }

  /** Takes a result. False where it is no check's name, or there is no room for another check. */
  take({ host, service, code, output }: ReportedResult): boolean {
    const names = [host, ...(service === null ? [] : [service])];
    if (names.some((name) => name.trim() === '' || name.length > longestName || /\p{Cc}/u.test(name))) {
      this.counts.unnamed += 1;
      return false;
    }
    const id = passiveCheckId(this.#pack, host.trim(), service?.trim() ?? null);
    const known = this.#known.get(id) ?? this.#add(id, host.trim(), service?.trim() ?? null);
    if (known === undefined) return false;
    const text = output.replaceAll(/\\([\\n])/g, (_, mark) => (mark === 'n' ? '\n' : '\\'));
    const state = stateOf(code, service === null);
    const said = `${state}: ${text.split(/[\n|]/, 1)[0]?.trim()}`;
    Object.assign(known, { seenMs: this.#ctx.clock.monotonic(), isLate: false, said });
    this.counts.taken += 1;
    this.#link.tell(known.check, { state, output: text, plugin_output: true });
    void this.#link.flush();
    return true;
  }

  /** Looks who is late, and who is to be forgotten; once a second by itself. */
  pass(): void {
    const nowMs = this.#ctx.clock.monotonic();
    const listeningMs = this.#awake.look(nowMs);
    for (const [id, known] of this.#known) {
      if (nowMs - known.seenMs > this.#forgetMs) {
        this.#known.delete(id);
        this.#link.forget([id]);
      } else if (known.freshMs !== undefined && !known.isLate)
        this.#lookAt(known, nowMs - Math.max(known.seenMs, listeningMs));
    }
    void this.#link.flush();
  }

  /** Figures for people. */
  figures(): JsonObject {
    const results = { ...this.counts, dropped: this.#link.dropped };
    return { checks: this.#known.size, checks_waiting: this.#link.waiting, results };
  }

  /** Tells what waits. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#link.flush();
  }

  #lookAt(known: Known, ageMs: number): void {
    if (ageMs <= (known.freshMs ?? 0)) return;
    known.isLate = true;
    const before = known.said === '' ? '' : `; the last one was ${known.said}`;
    this.#link.tell(known.check, {
      state: 'critical',
      late: true,
      output: `no result within ${this.#ruleOf(known).freshness}${before}`,
    });
  }

  #add(id: string, host: string, service: string | null): Known | undefined {
    const { log, options } = this.#ctx;
    if (this.#known.size >= options.max_checks) {
      this.counts.full += 1;
      if (!this.#isFullTold)
        log.warn(`${options.max_checks} checks are known, so results of others are dropped: max_checks`);
      this.#isFullTold = true;
      return undefined;
    }
    const known = this.#make(host, service);
    this.#known.set(id, known);
    return known;
  }

  #make(host: string, service: string | null): Known {
    const name = service === null ? host : `${host}/${service}`;
    const rule = this.#rules.of(name);
    const { default_handlers: handlers } = this.#ctx.options;
    const fresh = rule.freshness === undefined ? undefined : readQuantity(rule.freshness);
    const check: PassiveCheck = {
      id: passiveCheckId(this.#pack, host, service),
      name,
      display_name: service === null ? host : `${host} ${service}`,
      interval: fresh ?? null,
      labels: { host, ...(service !== null && { service }), ...rule.labels },
      policy: passivePolicy(rule, handlers.length === 0 ? null : handlers),
    };
    const freshMs = fresh === undefined ? undefined : fresh * 1000;
    return { host, service, check, freshMs, seenMs: this.#ctx.clock.monotonic(), isLate: false, said: '' };
  }

  #ruleOf({ check }: Known): FreshnessRule {
    return this.#rules.of(check.name);
  }
}

function stateOf(code: number, isHost: boolean): VerdictState {
  if (isHost && (code === 1 || code === 2)) return 'critical';
  return states[code] ?? 'unknown';
}

function decoded(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}
