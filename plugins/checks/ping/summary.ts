/** What ping found. */
export interface PingSummary {
  sent: number;
  received: number;
  /** 0 to 100, over 100 never: duplicates are not counted. */
  lossPercent: number;
  /** Seconds; undefined when nothing came back. */
  trip?: { min: number; mean: number; max: number };
}

const packets = /^(\d+) packets transmitted, (\d+) (?:packets )?received/m;
/** `rtt min/avg/max/mdev = …` of iputils, `round-trip min/avg/max = …` of BusyBox, `…/stddev = …` of inetutils. */
const roundTrip = /^(?:rtt|round-trip) min\/avg\/max(?:\/\w+)? = ([\d.]+)\/([\d.]+)\/([\d.]+)/m;

/** Reads what ping printed; undefined when it printed no summary. */
export function parseSummary(output: string): PingSummary | undefined {
  const [, sent, received] = (packets.exec(output) ?? []).map(Number);
  if (sent === undefined || received === undefined || sent === 0) return undefined;
  const [, min, mean, max] = (roundTrip.exec(output) ?? []).map((text) => Number(text) / 1000);
  const lossPercent = Math.round((1000 * Math.max(0, sent - received)) / sent) / 10;
  if (min === undefined || mean === undefined || max === undefined) return { sent, received, lossPercent };
  return { sent, received, lossPercent, trip: { min, mean, max } };
}
