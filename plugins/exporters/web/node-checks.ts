import type { NodeCheck, NodeDetails, NodeDetailsSnapshot } from 'opsbro/sdk';

/** How the checks of a node stand: how many are in each state. */
export interface NodeChecksView {
  uuid: string;
  /** The `checks_version` that this is of. */
  version: number;
  /** When this was told here, RFC 3339. */
  at: string;
  counts: { [state in NodeCheck['state']]: number };
}

interface Known {
  details: NodeDetails;
  view: NodeChecksView;
}

/** The checks of the nodes of the cluster, as far as they were fetched. Each version is counted once: a snapshot has those of every node. */
export class NodeChecks {
  #nodes = new Map<string, Known>();

  /** Takes a snapshot; `now` is epoch milliseconds. */
  take(snapshot: NodeDetailsSnapshot, now: number): void {
    const before = this.#nodes;
    this.#nodes = new Map(
      Object.entries(snapshot).map(([uuid, details]) => {
        const known = before.get(uuid);
        const isSame = known !== undefined && known.view.version === details.version;
        return [uuid, isSame ? { ...known, details } : { details, view: viewOf(details, now) }];
      }),
    );
  }

  /** How many checks of each node are in which state. */
  counts(): NodeChecksView[] {
    return Array.from(this.#nodes.values(), ({ view }) => view);
  }

  /** The checks of one node; undefined where none were fetched. */
  of(uuid: string): NodeDetails | undefined {
    return this.#nodes.get(uuid)?.details;
  }
}

function viewOf({ uuid, version, checks }: NodeDetails, now: number): NodeChecksView {
  const counts = { pending: 0, ok: 0, warning: 0, critical: 0, unknown: 0 };
  for (const { state } of checks) counts[state] += 1;
  return { uuid, version, at: new Date(now).toISOString(), counts };
}
