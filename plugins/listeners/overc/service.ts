import { join } from 'node:path';
import {
  type PassiveAlert,
  PassiveLink,
  type RouteReply,
  type RouteRequest,
  type ServiceContext,
  Wakefulness,
} from 'opsbro/sdk';
import { answerPush, isPushRoute, type PushParts } from './api/push-api.ts';
import { Rate } from './api/rate.ts';
import { Refused } from './api/refused.ts';
import { ownPlace } from './data-directory.ts';
import { checkBasic, checkHost, checkOrigin, isSame, senderOf } from './http/admission.ts';
import { type Answer, type Asked, Door } from './http/door.ts';
import { WebPassword } from './http/web-password.ts';
import { openKeys } from './keys.ts';
import { type AlertRow, type ServiceFacts, type State, severityOf } from './model.ts';
import { type OldSettings, oldSettings } from './old-settings.ts';
import { type Options, type Settings, settingsOf } from './options.ts';
import { Pings } from './ping/pings.ts';
import type { HeldRemovals } from './storage/held-removals.ts';
import { openHeld } from './storage/open-held.ts';
import type { Storage, StorageEvents } from './storage/storage.ts';
import { alertText } from './supervision/alert-text.ts';
import { checkState, ServiceChecks } from './supervision/checks.ts';
import { isLate } from './supervision/lateness.ts';
import { checkId, Rules } from './supervision/rules.ts';
import { TakeOverRoute } from './takeover/route.ts';
import { answerUi, isUiRoute, type UiParts } from './ui/ui-api.ts';
import { answerUiRoute, isAgentUiRoute } from './ui/ui-routes.ts';

const graceMs = 1000;
const reportsPerSecond = 20;
const beatMs = 1000;
/** Supervision passes, as OverC had them. */
const beatsAPass = 3;
const alertsAPass = 500;
/** What LevelDB may keep: reports are many and small. */
const memoryBytes = 16 * 1024 * 1024;
/** A supervisor that did not pass for longer lags. */
const lagMs = 10_000;
const limits = {
  ...{ headerTimeoutMs: 10_000, requestTimeoutMs: 30_000, maxBodyBytes: 1024 * 1024 },
  shortPaths: new Set(['/api/set/service/status', '/api/set/alerts', '/api/ping']),
};
/** The push server while it runs. */
export class Overc {
  readonly #ctx: ServiceContext<Options>;
  readonly #settings: Settings;
  readonly #rules: Rules;
  readonly #link: PassiveLink;
  readonly #awake: Wakefulness;
  readonly #rate = new Rate(reportsPerSecond);
  readonly #sender: (asked: Asked) => string;
  readonly #checks: ServiceChecks;
  #old: OldSettings = {};
  #door: Door | undefined;
  #password: WebPassword | undefined;
  #pings: Pings | undefined;
  #storage: HeldRemovals | undefined;
  #takeOver: TakeOverRoute | undefined;
  #pushParts: PushParts | undefined;
  #timer: NodeJS.Timeout | undefined;
  #beats = 0;
  #isWatching: boolean | undefined;
  #passedMs = 0;
  #failure = '';
  #passing: Promise<void> | undefined;
  /** The port it listens on. */
  port = 0;

  constructor(ctx: ServiceContext<Options>) {
    this.#ctx = ctx;
    this.#settings = settingsOf(ctx.options, ctx.nextCron);
    this.#rules = new Rules(this.#settings.services);
    this.#sender = senderOf(this.#settings.trusted_proxies);
    this.#awake = new Wakefulness(ctx.clock.monotonic());
    this.#passedMs = ctx.clock.monotonic();
    const { ask, clock, log } = ctx;
    this.#link = new PassiveLink({
      plugin: 'listener/overc',
      ...{ ask, clock, trouble: (message) => log.warn(message) },
    });
    this.#checks = new ServiceChecks(this.#link, this.#rules, this.#settings);
  }

  /** Opens what it keeps, then the port. */
  async open(): Promise<void> {
    const { signal, env, log } = this.#ctx;
    const { address, port, max_connections: maxConnections } = this.#settings;
    signal.throwIfAborted();
    this.#old = await oldSettings(this.#settings.config, env);
    this.#password = new WebPassword(this.#uiAuth, this.#ctx.clock);
    const storage = await this.#openStorage(await ownPlace(this.#ctx));
    this.#storage = storage;
    await this.#watch(storage);
    this.#timer = setInterval(() => this.#beat(), beatMs);
    const { clock } = this.#ctx;
    this.#pings = new Pings({
      ...{ storage, rules: this.#rules, rate: this.#rate, clock, sender: this.#sender },
      enrollment: (token) => this.#mayRegister(token),
      admit: (asked) => checkBasic(asked, this.#apiAuth),
    });
    const door = new Door({ ...limits, maxConnections }, (asked) => this.#respond(asked, storage));
    this.#door = door;
    this.port = await door.open(address, port);
    const { servers, services } = await storage.figures();
    log.info(
      `takes reports on http://${address.includes(':') ? `[${address}]` : address}:${this.port}, knows ${services} services of ${servers} servers`,
    );
  }

  /** No more comes in, then all that came is kept. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([this.#door?.close(graceMs), this.#takeOver?.close()]);
    await this.#passing;
    await this.#telling?.catch((error: Error) => this.#failed(error));
    await this.#link.flush();
    await this.#storage?.close();
  }

  /** Answers a route of the manifest. */
  async answer(request: RouteRequest): Promise<RouteReply> {
    const { route, method, params } = request;
    const storage = this.#storage;
    if (storage === undefined)
      return { status: 503, body: { error: { message: 'the push server has not started yet' } } };
    if (isAgentUiRoute(route)) return answerUiRoute(request, this.#uiParts(storage), storage);
    if (route === '/api/v1/push/import') return this.#importing(storage).answer(request);
    if (method === 'GET' && route === '/api/v1/push/servers')
      return { status: 200, body: (await storage.servers()) as unknown as RouteReply['body'] };
    if (method === 'GET') {
      const { sizeBytes, ...figures } = await storage.figures();
      const own = { port: this.port, checks_waiting: this.#link.waiting, supervises: storage.isSupervisor };
      return { status: 200, body: { ...figures, size_bytes: sizeBytes, ...own } };
    }
    const name = params.name ?? '';
    if (await storage.reset(name)) return { status: 200, body: { name, reset: true } };
    const error = { code: 'OPSBRO_API_NOT_FOUND', message: `no server '${name}' has reported` };
    return { status: 404, body: { error } };
  }

  #importing(storage: Storage): TakeOverRoute {
    const { max_servers: servers, max_services: services } = this.#settings;
    this.#takeOver ??= new TakeOverRoute({
      storage,
      clock: this.#ctx.clock,
      limits: { servers, services },
    });
    return this.#takeOver;
  }

  /** Marks who is late, and tells of what nobody was told of. One that is under way is joined. */
  pass(): Promise<void> {
    this.#passing ??= this.#pass().finally(() => {
      this.#passing = undefined;
    });
    return this.#passing;
  }

  async #openStorage({ directory, uuid: owner }: { directory: string; uuid: string }): Promise<HeldRemovals> {
    const { clock, kv, log, openStore } = this.#ctx;
    const { max_servers: servers, max_services: services, diskBytes: bytes } = this.#settings;
    const events: StorageEvents = {
      changed: (service, state) => this.#changed(service, state),
      removed: (gone) => this.#checks.forget(gone),
      alerts: () => void this.#tellAlerts().catch((error: Error) => this.#failed(error)),
    };
    return openHeld({
      kv,
      database: this.#settings.database || (this.#old.database ?? ''),
      store: () => openStore(join(directory, 'store'), { memoryBytes }),
      keys: await openKeys(join(directory, 'pepper')),
      owner,
      clock,
      events,
      limits: { servers, services, bytes },
      trouble: (message) => log.warn(message),
    });
  }

  #respond(asked: Asked, storage: Storage): Promise<Answer> {
    if (!isPushRoute(asked.path)) return this.#respondToOthers(asked, storage);
    checkOrigin(asked);
    checkBasic(asked, this.#apiAuth);
    this.#pushParts ??= {
      ...{ storage, clock: this.#ctx.clock, rate: this.#rate, sender: this.#sender },
      enrollment: (token) => this.#mayRegister(token),
    };
    return answerPush(asked, this.#pushParts);
  }

  async #respondToOthers(asked: Asked, storage: Storage): Promise<Answer> {
    const { path } = asked;
    if (Pings.isRoute(path) && this.#pings !== undefined) return this.#pings.answer(asked);
    if (isUiRoute(path)) {
      if (asked.method !== 'GET') checkOrigin(asked);
      await this.#password?.check(asked, this.#sender(asked));
      if (this.#uiAuth === '') checkHost(asked, this.#sender);
      return answerUi(asked, this.#uiParts(storage));
    }
    throw new Refused(404, `no route ${asked.method} ${path.slice(0, 200)}`);
  }

  #uiParts(storage: Storage): UiParts {
    return { storage, clock: this.#ctx.clock, lagSeconds: () => this.#lagSeconds() };
  }

  get #apiAuth(): string {
    return this.#settings.api_auth || (this.#old.apiAuth ?? '');
  }

  get #uiAuth(): string {
    return this.#settings.ui_auth || (this.#old.uiAuth ?? '');
  }

  #mayRegister(token: string): boolean {
    const { enrollment_token: wanted } = this.#settings;
    return wanted === '' || isSame(token, wanted);
  }

  #lagSeconds(): number {
    const ms = this.#ctx.clock.monotonic() - this.#passedMs;
    return ms > lagMs ? ms / 1000 : 0;
  }

  /** Says that it listens. */
  look(): void {
    this.#awake.look(this.#ctx.clock.monotonic());
  }

  #beat(): void {
    this.look();
    this.#beats += 1;
    if (this.#beats % beatsAPass === 0) void this.pass();
    void this.#link.flush();
  }

  async #pass(): Promise<void> {
    const storage = this.#storage as HeldRemovals;
    const { clock } = this.#ctx;
    const moments = {
      nowMs: clock.monotonic(),
      listeningMs: this.#awake.look(clock.monotonic()),
      offsetMs: clock.now() - clock.monotonic(),
      nextCron: this.#ctx.nextCron,
    };
    const running = this.#pings?.runs.running();
    try {
      if (!(await this.#watch(storage))) {
        this.#passedMs = clock.monotonic();
        return;
      }
      await storage.markLate(
        (service) => isLate(service, this.#checks.expectation(service, running), moments),
        clock.now(),
      );
      for (const service of await storage.services(({ timedOut }) => timedOut)) this.#changed(service, null);
      await Promise.all([this.#tellAlerts(), this.#link.flush()]);
      this.#passedMs = clock.monotonic();
      this.#failure = '';
    } catch (error) {
      this.#failed(error as Error);
    }
  }

  /**
   * Whether this server supervises. One that comes to it tells of all services as checks. One that no longer does hands over what is wrong, which its
   * successor tells of; of the rest it tells the end, since who heard of a problem here may have heard of no other.
   */
  async #watch(storage: Storage): Promise<boolean> {
    const isSupervisor = await storage.supervises();
    if (isSupervisor === this.#isWatching) return isSupervisor;
    const isFirst = this.#isWatching === undefined;
    // Before it is noted: where this fails, the next pass begins anew.
    const services = await storage.services();
    this.#isWatching = isSupervisor;
    if (isSupervisor)
      for (const service of services) this.#changed(service, service.timedOut ? null : service.current);
    else {
      const isWell = ({ timedOut, current }: ServiceFacts): boolean => !timedOut && current?.state === 'OK';
      this.#checks.forget(services.filter(isWell));
      this.#checks.handOver(services.filter((service) => !isWell(service)));
    }
    if (!isFirst || !isSupervisor)
      this.#ctx.log.info(
        isSupervisor ? 'supervises from now on' : 'another server of the database supervises',
      );
    return isSupervisor;
  }

  /** Said once for each reason that there is for it. */
  #failed({ message }: Error): void {
    if (message !== this.#failure) this.#ctx.log.warn(`a supervision pass failed: ${message}`);
    this.#failure = message;
  }

  #changed(service: ServiceFacts, state: { state: State; info: string } | null): void {
    if (this.#isWatching === true && this.#storage?.isSupervisor === true) this.#checks.tell(service, state);
  }

  #telling: Promise<void> | undefined;

  #tellAlerts(): Promise<void> {
    this.#telling ??= this.#tellAll().finally(() => {
      this.#telling = undefined;
    });
    return this.#telling;
  }

  async #tellAll(): Promise<void> {
    const storage = this.#storage;
    if (storage?.isSupervisor !== true) return;
    for (;;) {
      const alerts = await storage.unsent(alertsAPass);
      if (alerts.length === 0) return;
      const meant = new Set(alerts.map(({ service }) => service));
      const found = await storage.services(({ id }) => meant.has(id));
      const services = new Map(found.map((service) => [service.id, service]));
      const titles = await storage.titles(alerts.map(({ server }) => server));
      const told = alerts.map((alert) => {
        const service = alert.service === null ? undefined : services.get(alert.service);
        return this.#event(alert, service, titles.get(alert.server) ?? '');
      });
      if (!(await this.#link.alert(told))) return;
      await storage.sent(alerts.map(({ id }) => id));
    }
  }

  #event(alert: AlertRow, service: ServiceFacts | undefined, title: string): PassiveAlert {
    const { id, at, channel, event, message } = alert;
    const of = service === undefined ? title : `${title} ${service.title}`;
    return {
      key: `overc/${id}/${at}`,
      at,
      summary: `${of}: ${message}`,
      ...(service !== undefined && { check: checkId(service) }),
      // What changes of a service others hear of as the problem of a check.
      ...(channel !== 'api' && { only: 'handler/overc' }),
      data: {
        ...{ channel, event, message, severity: checkState(severityOf(alert)) },
        server: title,
        service: service?.title ?? null,
        text: alertText(alert, { title }, service),
      },
    };
  }
}
