/** A zone as the configuration defines it: a `zone:` object of a file, or one of the list `zones:`. */
export interface ZoneDefinition {
  name: string;
  'sub-zones'?: string[];
}

/** What of a record says how far its node is seen. */
export interface Zoned {
  zone: string;
  proxy?: unknown;
}

const zoneLimit = 1000;
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/**
 * The tree of zones as seen from one of them. A node sees all of its own zone and of those below, and of those above only the
 * proxies: what is above does not tell its insides downwards.
 */
export class ZoneTree {
  /** The zone that we are in. */
  readonly own: string;
  readonly #parents = new Map<string, string>();
  readonly #names: readonly string[];

  /** Throws RangeError, naming the zone, for a name that is none, a zone below two others, or a circle. The own zone need not be defined. */
  constructor(definitions: readonly ZoneDefinition[], own: string) {
    this.own = own;
    const names = new Set([own]);
    for (const { name, 'sub-zones': below = [] } of definitions) {
      for (const zone of [name, ...below]) {
        if (!namePattern.test(zone)) throw new RangeError(`'${zone}' is no name of a zone`);
        names.add(zone);
      }
      for (const zone of below) {
        const parent = this.#parents.get(zone);
        if (parent !== undefined && parent !== name)
          throw new RangeError(
            `zone '${zone}' is below '${parent}' and below '${name}'; it can be below one only`,
          );
        this.#parents.set(zone, name);
      }
    }
    if (names.size > zoneLimit)
      throw new RangeError(`${names.size} zones are defined, at most ${zoneLimit} are allowed`);
    this.#names = [...names].sort();
    for (const zone of this.#names) this.#refuseCircle(zone);
  }

  /** All zones, sorted. */
  get names(): readonly string[] {
    return this.#names;
  }

  parentOf(zone: string): string | undefined {
    return this.#parents.get(zone);
  }

  /** The zones right above and right below our own: those that its proxies speak with. */
  get adjoining(): string[] {
    return this.#names.filter((zone) => this.isAdjoining(zone));
  }

  isAdjoining(zone: string): boolean {
    return this.parentOf(zone) === this.own || this.parentOf(this.own) === zone;
  }

  /** Whether `zone` is somewhere below `top`. */
  isBelow(zone: string, top: string): boolean {
    let at = this.parentOf(zone);
    while (at !== undefined && at !== top) at = this.parentOf(at);
    return at !== undefined;
  }

  /** The zones that are seen from here: our own, those above and those below. */
  get visible(): string[] {
    return this.#names.filter(
      (zone) => zone === this.own || this.isBelow(zone, this.own) || this.isBelow(this.own, zone),
    );
  }

  /** Whether a node of `viewer` sees another. */
  sees({ zone, proxy }: Zoned, viewer = this.own): boolean {
    return zone === viewer || this.isBelow(zone, viewer) || (this.isBelow(viewer, zone) && proxy === true);
  }

  /** Whether nodes of `speaker` decide, for us, how one of `zone` is: each zone speaks for itself and for what lies behind it. */
  maySpeak(speaker: string, zone: string): boolean {
    if (speaker === this.own) return true;
    if (this.isBelow(speaker, this.own)) return zone === speaker || this.isBelow(zone, speaker);
    return this.isBelow(this.own, speaker) && zone !== this.own && !this.isBelow(zone, this.own);
  }

  /** Whether our proxies tell an adjoining zone of a node: upwards all of our zone and below, downwards the proxies of ours and above. */
  isToldTo(zone: string, node: Zoned): boolean {
    if (zone === this.parentOf(this.own)) return node.zone === this.own || this.isBelow(node.zone, this.own);
    const isHere = node.zone === this.own || this.isBelow(this.own, node.zone);
    return node.proxy === true && isHere;
  }

  /** The zones on the way from ours to another, both included; undefined where there is none. */
  pathTo(zone: string): string[] | undefined {
    if (zone === this.own) return [zone];
    const isUp = this.isBelow(this.own, zone);
    if (!isUp && !this.isBelow(zone, this.own)) return undefined;
    const [from, to] = isUp ? [this.own, zone] : [zone, this.own];
    const path = [from];
    for (let at = this.parentOf(from); at !== undefined && path.at(-1) !== to; at = this.parentOf(at))
      path.push(at);
    return isUp ? path : path.reverse();
  }

  #refuseCircle(zone: string): void {
    const seen = new Set([zone]);
    for (let at = this.parentOf(zone); at !== undefined; at = this.parentOf(at)) {
      if (seen.has(at)) throw new RangeError(`zone '${zone}' is below itself`);
      seen.add(at);
    }
  }
}
