import { type Clock, readQuantity } from 'opsbro/sdk';
import { headerToken, refusalOf, refuseLong } from '../api/push-api.ts';
import type { Rate } from '../api/rate.ts';
import { wholeText } from '../api/read-report.ts';
import { Refused } from '../api/refused.ts';
import type { Answer, Asked } from '../http/door.ts';
import type { Report, ReportedService, State } from '../model.ts';
import type { Storage } from '../storage/storage.ts';
import type { Rules, ServiceRule } from '../supervision/rules.ts';
import { ageText } from '../ui/times.ts';
import { isUuid, type Ping, readPingPath } from './ping-url.ts';
import { RunClock } from './run-clock.ts';

/** What pings work with. */
export interface PingParts {
  storage: Storage;
  rules: Rules;
  rate: Rate;
  clock: Clock;
  sender(asked: Asked): string;
  /** Whether a server that is not known may become so by what it sends as a token. */
  enrollment(token: string): boolean;
  /** Refuses who comes with a key and not with what is to stand beside it. */
  admit(asked: Asked): void;
}

/** Bytes of a body that are kept. */
const bodyLimit = 10_000;
/** A day, and an hour to be late: what is expected of a job of which nobody said how often it runs. */
const unsaidPeriod = 25 * 3600;
/** As Uptime Kuma expects. */
const kumaPeriod = 60;
const methods = ['GET', 'HEAD', 'POST'];
const limitHeader = { 'ping-body-limit': String(bodyLimit), 'access-control-allow-origin': '*' };

/** Whom it is for, and whether it may be made. */
interface Found {
  server: string;
  /** null: its secret was in the URL. */
  key: string | null;
  service: string;
  rule: ServiceRule;
  mayCreate: boolean;
}

/** Jobs that say by a URL that they have begun, ended or failed, as Healthchecks and Uptime Kuma take it. */
export class Pings {
  readonly #parts: PingParts;
  /** What has begun. */
  readonly runs = new RunClock();

  constructor(parts: PingParts) {
    this.#parts = parts;
  }

  /** Whether a path is one of these. */
  static isRoute(path: string): boolean {
    return path.startsWith('/ping/') || path.startsWith('/api/push/');
  }

  /** The name of a job in `runs`, which no job of another server has. */
  static jobOf(server: string, service: string): string {
    return JSON.stringify([server, service]);
  }

  answer(asked: Asked): Promise<Answer> {
    return asked.path.startsWith('/ping/') ? this.#ping(asked) : this.#kuma(asked);
  }

  async #ping(asked: Asked): Promise<Answer> {
    const ping = readPingPath(asked.path);
    if (ping === undefined) return plain(404, 'not found');
    if (!methods.includes(asked.method)) return plain(405, 'method not allowed');
    const rid = asked.query.get('rid') ?? '';
    if (rid !== '' && !isUuid(rid)) return plain(400, 'invalid uuid format');
    const found = this.#find(ping, asked.query.get('create') === '1');
    if (found === undefined) return plain(404, 'not found');
    const { storage, rate, clock, admit, sender } = this.#parts;
    if (found.key !== null) admit(asked);
    refuseLong([found.server, found.service], found.key ?? '');
    const name = Pings.jobOf(found.server, found.service);
    const nowMs = clock.monotonic();
    // By address too, as of reports: who only knows a name must not use up what its owner may send.
    if (!rate.take(`ping ${sender(asked)} ${name}`, nowMs)) return plain(429, 'rate limit exceeded');
    const known = await storage.find(found.server, found.service);
    if (known === undefined && !found.mayCreate) return plain(404, 'not found');
    const report = this.#reportOf(found, asked);
    // A run begins and ends in memory: by nobody who has not the key.
    const verdict = await storage.verdict(report);
    if (verdict !== 'ok') throw refusalOf(verdict);
    const tookMs = this.#time(ping, name, rid, nowMs);
    await this.#take(report, ping.kind === 'log' ? [] : [this.#reported(ping, found, asked, tookMs)]);
    return plain(known === undefined ? 201 : 200, known === undefined ? 'Created' : 'OK');
  }

  async #kuma(asked: Asked): Promise<Answer> {
    const { rules, rate, clock } = this.#parts;
    const rule = rules.withToken(asked.path.slice('/api/push/'.length));
    if (rule === undefined || !methods.includes(asked.method))
      return { status: 404, body: { ok: false, msg: 'Monitor not found or not active.' } };
    if (!rate.take(`push ${rule.match}`, clock.monotonic())) throw new Refused(429, 'too many requests');
    const { query } = asked;
    const message = wholeText(query.get('msg') ?? 'OK');
    const ping = Number(query.get('ping') ?? '');
    const [server = '', service = ''] = split(rule.match);
    const state: State = (query.get('status') ?? 'up') === 'up' ? 'OK' : 'FAIL';
    const info = ping > 0 ? `${message} (${ping} ms)` : message;
    const found = { server, service, key: null, rule, mayCreate: true };
    const period = secondsOf(rule.period) ?? kumaPeriod;
    const told = { name: service, state, info: info.slice(0, bodyLimit), period };
    await this.#take(this.#reportOf(found, asked), [told]);
    return { status: 200, body: { ok: true } };
  }

  #find({ target }: Ping, isCreate: boolean): Found | undefined {
    const { rules } = this.#parts;
    if (!('uuid' in target)) {
      const { server, key, service } = target;
      return { server, key, service, rule: rules.of(server, service), mayCreate: isCreate };
    }
    const rule = rules.withUuid(target.uuid);
    if (rule === undefined) return undefined;
    const [server = '', service = ''] = split(rule.match);
    return { server, key: null, service, rule, mayCreate: true };
  }

  /** How long what ends now has run, ms; undefined where its start is not known. */
  #time({ kind }: Ping, name: string, rid: string, nowMs: number): number | undefined {
    if (kind === 'start') this.runs.start(name, rid, nowMs);
    return kind === 'start' || kind === 'log' ? undefined : this.runs.end(name, rid, nowMs);
  }

  #reported(
    ping: Ping,
    { service, rule }: Found,
    { body }: Asked,
    tookMs: number | undefined,
  ): ReportedService {
    const period = secondsOf(rule.period) ?? (rule.schedule === undefined ? unsaidPeriod : null);
    if (ping.kind === 'start') return { name: service, state: null, info: '', period };
    const said = wholeText(body.subarray(0, bodyLimit).toString()).trimEnd();
    const exit = ping.kind === 'fail' && ping.exit !== undefined ? `exit status ${ping.exit}` : ping.kind;
    const took = tookMs === undefined ? '' : ` after ${ageText(tookMs)}`;
    const info = said === '' ? `${exit}${took}` : `${exit}${took}: ${said}`;
    return { name: service, state: ping.kind === 'fail' ? 'FAIL' : 'OK', info, period };
  }

  /** What is reported of somebody, without any service yet. */
  #reportOf({ server, key }: Found, asked: Asked): Report {
    const { clock, sender, enrollment } = this.#parts;
    const mayRegister = key === null || enrollment(headerToken(asked));
    return { server, key, ip: sender(asked), at: clock.now(), services: [], alerts: [], mayRegister };
  }

  async #take(report: Report, services: ReportedService[]): Promise<void> {
    const outcome = await this.#parts.storage.take({ ...report, services });
    if (outcome !== 'ok') throw refusalOf(outcome);
  }
}

function plain(status: number, body: string): Answer {
  return { status, body, type: 'text/plain', headers: limitHeader };
}

function split(match: string): [string, string] {
  const slash = match.indexOf('/');
  return [match.slice(0, slash), match.slice(slash + 1)];
}

function secondsOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : readQuantity(text);
}
