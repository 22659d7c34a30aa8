import type { Json } from 'opsbro/sdk';
import type { Ledger, Writes } from './ledger.ts';
import { idOf, type KeptServer, keyOf, serverValue } from './records.ts';

/** Of runs, alerts and what these were about so many characters are remembered; what comes then is lost. */
const mostCharacters = 4 * 1024 * 1024;
/** And so many of them are written with one report. */
const pastPerReport = 100;

/** What the disk refused: it is written with a later report. */
export class Unkept {
  /** Servers, services and rosters of which it is to be written how they are. */
  readonly #present = new Set<string>();
  /** What is over, as it was. */
  readonly #past = new Map<string, Json>();
  #characters = 0;

  /** The disk took none of it. */
  note({ put }: Writes): void {
    for (const [key, value] of put)
      if (/^[vsl]/.test(key)) this.#present.add(key);
      else if (key.startsWith('b/')) this.#present.add(keyOf.roster(idOf(key)));
      else if (/^[gai]/.test(key) && this.#characters < mostCharacters) {
        this.#forget(key);
        this.#characters += lengthOf(value);
        this.#past.set(key, value);
      }
  }

  #forget(key: string): void {
    const value = this.#past.get(key);
    if (value === undefined) return;
    this.#characters -= lengthOf(value);
    this.#past.delete(key);
  }

  /** Adds to what a report of a server writes. */
  addTo(writes: Writes, server: KeptServer, ledger: Ledger): void {
    for (const [key, value] of this.#past) {
      if (writes.put.length >= pastPerReport) break;
      writes.put.push([key, value]);
      this.#forget(key);
    }
    if (this.#present.size === 0) return;
    if (this.#present.delete(keyOf.server(server.id)))
      writes.put.push([keyOf.server(server.id), serverValue(server)]);
    for (const service of server.services.values())
      if (this.#present.delete(keyOf.service(service.id))) ledger.write(service, writes);
    for (const roster of server.rosters)
      if (this.#present.delete(keyOf.roster(roster.id))) ledger.writeRoster(roster, writes);
  }
}

function lengthOf(value: Json): number {
  return JSON.stringify(value).length;
}
