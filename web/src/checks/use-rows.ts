import { useMemo } from 'preact/hooks';
import type { Board } from '../live/board.ts';
import { useBoard } from '../live/live.ts';
import { type CheckRow, checkRow } from './rows.ts';

/** What people call the host of a board. */
export function ownName({ node }: Board): string {
  return node?.display_name || node?.name || '';
}

/** Every check as a row, made anew when one changed. */
export function useRows(): { board: Board; rows: CheckRow[] } {
  const board = useBoard();
  const own = ownName(board);
  // The board changes in place; its version tells.
  const rows = useMemo(
    () => Array.from(board.checks.values(), (check) => checkRow(check, own)),
    [board, board.checksVersion, own],
  );
  return { board, rows };
}
