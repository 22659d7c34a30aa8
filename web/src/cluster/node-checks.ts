import type { NodeCheck, NodeDetails } from 'opsbro/sdk';
import { useMemo } from 'preact/hooks';
import { useResource } from '../api/resource.ts';
import { type CheckRow, type StateCounts, stateCounts } from '../checks/rows.ts';
import type { Board } from '../live/board.ts';

/** GET /api/v1/nodes/checks: how the checks of a node stand, as far as they were fetched. */
export interface NodeChecksView {
  uuid: string;
  /** The `checks_version` of the node that this is of. */
  version: number;
  at: string;
  counts: { [state in NodeCheck['state']]: number };
}

/** GET /api/v1/nodes/UUID/checks. */
export type NodeChecksDetails = NodeDetails;

const everyMs = 3000;

/** What is known of the checks of nodes; of this one by what the board itself has. */
export function knownChecks(
  { node: own, nodes }: Pick<Board, 'node' | 'nodes'>,
  told: readonly NodeChecksView[],
  ownChecks: readonly CheckRow[],
): Map<string, StateCounts> {
  const known = new Map<string, StateCounts>();
  for (const { uuid, counts } of told) if (nodes.has(uuid)) known.set(uuid, { ...counts, stale: 0 });
  if (own !== undefined) known.set(own.uuid, stateCounts(ownChecks));
  return known;
}

/** The same, asked for now and again where there is a cluster. */
export function useKnownChecks(board: Board, rows: readonly CheckRow[]): Map<string, StateCounts> {
  const path = board.nodes.size > 0 ? 'api/v1/nodes/checks' : null;
  const { data } = useResource<NodeChecksView[]>(path, { everyMs });
  return useMemo(
    () =>
      knownChecks(
        board,
        data ?? [],
        rows.filter(({ pack }) => pack !== 'push'),
      ),
    [board.version, data, rows],
  );
}
