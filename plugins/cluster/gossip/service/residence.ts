import type { ExportedFacts, RouteReply, RouteRequest, ServiceContext } from 'opsbro/sdk';
import type { Membership } from './membership.ts';
import type { Options } from './options.ts';
import { failure, type RouteHandler } from './routes.ts';
import { placeKey, type ZonePlace, zonePlace } from './zone-place.ts';

/** A membership at a place, and who answers its routes. */
export interface Household {
  membership: Membership;
  answer: RouteHandler;
}

/** How a household is made. */
export interface Settling {
  facts: ExportedFacts;
  place: ZonePlace;
  /** The one it had before, if any. */
  port: number | undefined;
  /** Asks for a new one at the same place. */
  renew(): void;
}

/** Makes this agent a member at a place. */
export type Settle = (settling: Settling) => Promise<Household>;

/** Where this agent is a member: one membership at a time, made anew elsewhere when its zone, or the tree of zones, changes. */
export class Residence {
  readonly #ctx: ServiceContext<Options>;
  readonly #settle: Settle;
  #facts: ExportedFacts;
  #place: ZonePlace;
  #home: Household | undefined;
  #wantsDetails = false;
  #moving: Promise<void> = Promise.resolve();
  #isClosed = false;

  private constructor(ctx: ServiceContext<Options>, facts: ExportedFacts, settle: Settle) {
    this.#ctx = ctx;
    this.#facts = facts;
    this.#settle = settle;
    this.#place = zonePlace(facts, ctx.options.zone, ctx.log);
  }

  static async open(ctx: ServiceContext<Options>, facts: ExportedFacts, settle: Settle): Promise<Residence> {
    const residence = new Residence(ctx, facts, settle);
    residence.#home = await residence.#build(undefined);
    return residence;
  }

  /** The membership; undefined while it moves. */
  get membership(): Membership | undefined {
    return this.#home?.membership;
  }

  useFacts(facts: ExportedFacts): void {
    this.#facts = facts;
    const { options, log } = this.#ctx;
    if (placeKey(facts, options.zone) === this.#place.key) this.membership?.useFacts(facts);
    else {
      this.#place = zonePlace(facts, options.zone, log);
      log.info(`moves to the zone ${this.#place.own}, as the configuration now says`);
      this.#renew();
    }
  }

  wantDetails(isWanted: boolean): void {
    this.#wantsDetails = isWanted;
    this.membership?.wantDetails(isWanted);
  }

  async answer(request: RouteRequest): Promise<RouteReply> {
    if (this.#home !== undefined) return await this.#home.answer(request);
    return failure(503, 'OPSBRO_AGENT_BUSY', 'this node moves to another zone; ask again');
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#moving.catch(() => undefined);
    await this.membership?.close();
  }

  #build(port: number | undefined): Promise<Household> {
    return this.#settle({ facts: this.#facts, place: this.#place, port, renew: () => this.#renew() });
  }

  #renew(): void {
    const place = this.#place;
    this.#moving = this.#moving.then(() => this.#move(place));
  }

  async #move(place: ZonePlace): Promise<void> {
    const before = this.membership;
    if (this.#isClosed || place !== this.#place || before === undefined) return;
    await before.tellZone(place.own);
    this.#home = undefined;
    const { port } = before;
    await before.close();
    if (this.#isClosed) return;
    this.#home = await this.#build(port);
    this.#home.membership.wantDetails(this.#wantsDetails);
    // What came meanwhile.
    this.#home.membership.useFacts(this.#facts);
  }
}
