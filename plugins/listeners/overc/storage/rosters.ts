import type { KeptServer } from './records.ts';
import type { ServiceEntry } from './service-entry.ts';

/** Reports that are kept of a roster: at least so many rows of each of its services. */
export const reportsKept = 50;

/**
 * Services of a server that are reported together, in their order. A report of it is one record in a ring of `reportsKept`: the next one takes the place of
 * the oldest, so that nothing has to be removed for it.
 */
export interface Roster {
  id: number;
  server: KeptServer;
  /** null where a service was removed: no report fits it any more. */
  services: (ServiceEntry | null)[];
  /** Reports that there were; the next one has this number. */
  count: number;
  /** What the disk knows of `count`: reports from there on are read at a start. */
  kept: number;
  /** The first rows of the newest report, of the first one of this round of the ring, and of the round before. */
  last: number;
  lap: number;
  lapBefore: number;
}

/** Longer reports are several records, so that the past of one service can be read without those of thousands. */
export const perRoster = 64;
/** All rosters of a server hold each of its services so many times on average; then reports of other compositions are kept service by service. */
const mostTimes = 8;

/** The roster of a report; undefined where there is none. */
export function rosterOf({ rosters }: KeptServer, names: readonly { name: string }[]): Roster | undefined {
  return rosters.find(
    ({ services }) =>
      services.length === names.length &&
      services.every((service, index) => service !== null && service.name === names[index]?.name),
  );
}

/** Whether a server may have a further roster of so many services. One of a single service always has room. */
export function hasRoom({ rosters, services }: KeptServer, count: number): boolean {
  if (count === 1) return true;
  const held = rosters.reduce((sum, one) => sum + (one.services.length > 1 ? one.services.length : 0), 0);
  return held + count <= mostTimes * Math.max(services.size, count);
}

/** Rosters of which no row is among the newest of its service any more, now that a round of `by` has begun. */
export function outdated(by: Roster): Roster[] {
  if (by.count < 2 * reportsKept) return [];
  const { services: begun, server } = by;
  const { rosters } = server;
  const isNewer = (than: Roster, service: ServiceEntry | null) => (one: Roster) =>
    one.count >= 2 * reportsKept && one.lapBefore > than.last && one.services.includes(service);
  return rosters.filter(
    (roster) =>
      roster.services.some((service) => service !== null && begun.includes(service)) &&
      roster.services.every((service) => service === null || rosters.some(isNewer(roster, service))),
  );
}

/** Where the report of a number is in its ring. */
export function slotOf(report: number): number {
  return report % reportsKept;
}
