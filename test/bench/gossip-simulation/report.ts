import { median, quantile, shown } from '../result.ts';
import { bytesRate, type Cell, detectionRatio, shareOf, wantedPositives } from './cells.ts';
import type { ScaleRun, SplitRun } from './scale.ts';
import { poolSize } from './slow-members.ts';

/** Everything that the bench measured. */
export interface Measured {
  cells: Cell[];
  mild: Cell[];
  scale: ScaleRun[];
  split: SplitRun;
  brief: boolean;
}

/** The report as a page of Markdown. */
export function report({ cells, mild, scale, split, brief }: Measured): string {
  return `# Gossip, simulated

Written by \`npm run bench -- gossip-simulation\`${brief ? ' with `--brief`: these figures only show that the bench works' : ''}. What runs is the agents' own code; the clock is virtual, members lie in
packed columns, packets carry objects and count the bytes that they would have, seal included. Nothing is encrypted, and no kernel,
socket or scheduler takes part.

## Slow members

${poolSize} members, the profile of a local network, no loss, 0.2 to 2 ms a packet. Some members hang together: what reaches them waits, what
they send waits too, their clocks run on. They probe, hear no answer, accuse and bury; when they are free, all of it goes out before they
read what came. They run for a second and hang again, twice or for as long as plain SWIM needs for ${wantedPositives} false positives. Both modes run
the same pools by the same seeds. A false positive is a healthy member held dead, counted once for each member that believed it; _healthy_
ones are those that a healthy member believed. Detection is the time from the first hang to the first healthy member that held a hanging
one dead.

${cellTable(cells)}

Hangs too short for a burial, a second apart, for the bytes alone:

${mildTable(mild)}

## Scale

Pools whose members know each other. Bytes are a member's. An exchange sends sums over parts of the table, and of the table only what
differs. Who crashes is found by its closed port.

${scaleTable(scale)}

${splitPart(split)}`;
}

/** The part about the split. */
export function splitPart(split: SplitRun): string {
  return `## A split

${split.cutOff} of ${split.nodes} members are cut off for two minutes. When the cut heals, ${shown(100 * split.deadShare)} % of the views across it are dead. Until all
agree again a member of the own side was held dead ${split.wrongDeaths} times. After ${shown(split.healMs / 1000)} s everybody holds everybody alive again. A member sent ${shown(split.bytes / 1024)} KiB
in datagrams meanwhile. This took ${shown(split.cpuSeconds)} s of processor time.
`;
}

function cellTable(cells: Cell[]): string {
  const rows = cells.map((cell) => {
    const { swim, lifeguard } = cell;
    return [
      cell.blocked,
      cell.durationMs / 1000,
      cell.runs,
      swim.falsePositives,
      lifeguard.falsePositives,
      `${shown(shareOf(lifeguard.falsePositives, swim.falsePositives))} %`,
      swim.healthyFalsePositives,
      lifeguard.healthyFalsePositives,
      `${shown(shareOf(lifeguard.healthyFalsePositives, swim.healthyFalsePositives))} %`,
      `${seconds(swim.firstMs)} / ${seconds(lifeguard.firstMs)}`,
      shown(detectionRatio(cell)),
      `${seconds(swim.allMs)} / ${seconds(lifeguard.allMs)}`,
      shown(bytesRate(lifeguard, cell) / bytesRate(swim, cell)),
    ];
  });
  return table(
    [
      'hang',
      'for, s',
      'runs',
      'SWIM',
      'Lifeguard',
      'share',
      'SWIM, healthy',
      'Lifeguard, healthy',
      'share',
      'detection, s: median (p99), SWIM / Lifeguard',
      'ratio',
      'all know, s',
      'bytes, ratio',
    ],
    rows,
  );
}

function mildTable(cells: Cell[]): string {
  const rows = cells.map((cell) => [
    cell.blocked,
    cell.durationMs / 1000,
    cell.swim.falsePositives,
    cell.lifeguard.falsePositives,
    shown(bytesRate(cell.swim, cell)),
    shown(bytesRate(cell.lifeguard, cell)),
    shown(bytesRate(cell.lifeguard, cell) / bytesRate(cell.swim, cell)),
  ]);
  return table(['hang', 'for, s', 'SWIM', 'Lifeguard', 'B/s SWIM', 'B/s Lifeguard', 'ratio'], rows);
}

function scaleTable(scale: ScaleRun[]): string {
  const rows = scale.map((run) => [
    run.nodes,
    shown(run.quietBytes),
    shown(run.exchangeBytes),
    shown(run.toldMs / 1000),
    shown(run.toldBytes),
    `${shown(run.firstDeadMs / 1000)} / ${shown(run.allDeadMs / 1000)}`,
    shown(run.cpuSeconds),
  ]);
  return table(
    [
      'members',
      'quiet, B/s',
      'exchanges, B/s',
      'a change known to all, s',
      'its bytes',
      'a crash known to the first / to all, s',
      'processor, s',
    ],
    rows,
  );
}

function seconds(times: number[]): string {
  return `${shown(median(times) / 1000)} (${shown(quantile(times, 0.99) / 1000)})`;
}

/** As a formatter writes it, so that a new report differs from the last one by its figures alone. */
function table(head: string[], rows: (string | number)[][]): string {
  const widths = head.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => String(row[column]).length)),
  );
  const line = (cells: (string | number)[]): string =>
    `| ${cells.map((cell, column) => String(cell).padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
