const minuteMs = 60_000;
const killsMs = 600_000;
const mostDenials = 100;
const mostBreachesInARow = 5;
const mostKills = 3;

/** What is remembered of a plugin to judge it by. */
export interface Conduct {
  denials: { at: number; count: number }[];
  /** Runs, one after the other, that went over a limit or were ended from outside. */
  breachesInARow: number;
  /** When a thread had to be terminated because of it. */
  kills: number[];
}

/** What a run did that counts against its plugin. */
export interface Deed {
  denials: number;
  denied: string | null;
  /** The limit it went over. */
  breach: string | null;
  killed: boolean;
}

/** A plugin that did nothing yet. */
export const goodConduct: Conduct = { denials: [], breachesInARow: 0, kills: [] };

/**
 * Adds a run to what is known of its plugin, and says why the plugin is to be quarantined now, or null: a hundred denied calls within a minute, five
 * runs in a row over a limit, or three threads taken down within ten minutes. `at` is monotonic, ms.
 */
export function judge(conduct: Conduct, deed: Deed, at: number): { conduct: Conduct; reason: string | null } {
  const denials = conduct.denials.filter((one) => at - one.at < minuteMs);
  if (deed.denials > 0) denials.push({ at, count: deed.denials });
  const kills = conduct.kills.filter((one) => at - one < killsMs);
  if (deed.killed) kills.push(at);
  const failed = deed.breach !== null || deed.killed;
  const next = { denials, kills, breachesInARow: failed ? conduct.breachesInARow + 1 : 0 };
  return { conduct: next, reason: reasonFor(next, deed) };
}

function reasonFor({ denials, kills, breachesInARow }: Conduct, { denied, breach }: Deed): string | null {
  const denialCount = denials.reduce((total, { count }) => total + count, 0);
  if (denialCount >= mostDenials)
    return `asked ${denialCount} times within a minute for what it may not have, the last: ${denied ?? 'unknown'}`;
  if (kills.length >= mostKills) return `took its thread down ${kills.length} times within ten minutes`;
  if (breachesInARow >= mostBreachesInARow)
    return `went over its limits ${breachesInARow} times in a row, the last: ${breach ?? 'cpu'}`;
  return null;
}
