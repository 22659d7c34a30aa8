import type { JsonObject } from 'opsbro/sdk';
import type { Forwarder } from './forward/forwarder.ts';
import type { LineCounts } from './listener/point-sink.ts';
import type { TcpDoor } from './listener/tcp-door.ts';
import type { RemoteWriter } from './remote-write/remote-writer.ts';
import type { MetricStore } from './store/store.ts';

/** Who has figures to tell. */
export interface FigureSources {
  store: MetricStore;
  received: { lines: LineCounts; datagrams: LineCounts; pickles: LineCounts };
  doors: readonly TcpDoor[];
  batchesLost: number;
  forwarding: ReturnType<Forwarder['figures']>;
  remoteWrite: ReturnType<RemoteWriter['figures']>;
}

/** Everything that is known of the store and its doors, as its route answers it. */
export type StoreFigures = ReturnType<typeof storeFigures>;

/** The figures of this moment. */
export function storeFigures({
  store,
  received,
  doors,
  batchesLost,
  forwarding,
  remoteWrite,
}: FigureSources) {
  const sum = (of: (door: TcpDoor) => number): number => doors.reduce((total, door) => total + of(door), 0);
  return {
    ...store.figures(),
    counts: { ...store.counts() },
    received: {
      lines: { ...received.lines },
      datagrams: { ...received.datagrams },
      pickles: { ...received.pickles },
    },
    connections: {
      open: sum((door) => door.connections),
      waiting: sum((door) => door.waiting),
      refused: sum((door) => door.refused),
      broken: sum((door) => door.broken),
    },
    batches_lost: batchesLost,
    forwarding,
    remote_write: remoteWrite,
  };
}

/** The same for the collector: of all destinations together, since an address is no name that expressions can speak of. */
export function shownFigures({
  forwarding,
  remote_write,
  allocatedBytes,
  received,
  ...others
}: StoreFigures): JsonObject {
  const bad = Object.values(received).map(({ points: _, ...reasons }) => reasons);
  const sum = <One>(all: readonly One[], of: (one: One) => number): number =>
    all.reduce((total, one) => total + of(one), 0);
  return {
    ...others,
    allocated_bytes: allocatedBytes,
    received: {
      lines: shownLines(received.lines),
      datagrams: shownLines(received.datagrams),
      pickles: shownLines(received.pickles),
    },
    left_out: sum(bad, (reasons) => sum(Object.values(reasons), (count) => count)),
    ...(forwarding.length > 0 && {
      forwarding: {
        destinations: forwarding.length,
        down: forwarding.filter(({ connected }) => !connected).length,
        queued_bytes: sum(forwarding, (one) => one.queued_bytes),
        dropped_bytes: sum(forwarding, (one) => one.dropped_bytes),
      },
    }),
    ...(remote_write.length > 0 && {
      remote_write: {
        endpoints: remote_write.length,
        down: remote_write.filter(({ up }) => !up).length,
        queued_bytes: sum(remote_write, (one) => one.queued_bytes),
        dropped_bytes: sum(remote_write, (one) => one.dropped_bytes),
        sent_points: sum(remote_write, (one) => one.sent_points),
        refused_points: sum(remote_write, (one) => one.refused_points),
        retries: sum(remote_write, (one) => one.retries),
      },
    }),
  };
}

function shownLines({ notFinite, ...others }: LineCounts): JsonObject {
  return { ...others, not_finite: notFinite };
}
