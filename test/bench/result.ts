/** One figure against its reach. `peer` and `ratio` are null where nothing else does the same work. */
export interface BenchCheck {
  name: string;
  ours: number;
  peer: number | null;
  ratio: number | null;
  reach: number;
  pass: boolean;
}

/** What a bench came to: its main figure, then every figure. `pass` means that all pass. */
export interface BenchResult {
  bench: string;
  unit: string;
  ours: number;
  peer: number | null;
  ratio: number | null;
  reach: number;
  pass: boolean;
  checks: BenchCheck[];
}

/** How a bench was asked to run. */
export interface BenchOptions {
  /** Words after the name on the command line. */
  args: string[];
  /** A short run that only proves that the bench works; its figures count less. */
  brief: boolean;
  /** Tells people one line. */
  say(text: string): void;
}

/** A bench module's one export: measures and judges. Throws when it could not measure. */
export type Bench = (options: BenchOptions) => Promise<BenchResult>;

/** A figure that must not exceed `reach`. */
export function atMost(name: string, ours: number, reach: number): BenchCheck {
  return { name, ours: round(ours), peer: null, ratio: null, reach, pass: ours <= reach };
}

/** A ratio to the peer of the same run that must reach `reach`. */
export function atLeastRatio(name: string, rounds: Rounds, reach: number): BenchCheck {
  const { ours, peer, ratio } = rounds;
  return { name, ours: round(ours), peer: round(peer), ratio: round(ratio), reach, pass: ratio >= reach };
}

/** A ratio to the peer of the same run that must not exceed `reach`. */
export function atMostRatio(name: string, rounds: Rounds, reach: number): BenchCheck {
  return { ...atLeastRatio(name, rounds, reach), pass: rounds.ratio <= reach };
}

/** A bench's result from its figures; the first one is its main figure. */
export function resultOf(bench: string, unit: string, checks: BenchCheck[]): BenchResult {
  const [main] = checks;
  if (main === undefined) throw new Error(`bench ${bench} has no figures`);
  const { ours, peer, ratio, reach } = main;
  return { bench, unit, ours, peer, ratio, reach, pass: checks.every(({ pass }) => pass), checks };
}

/** A bench whose peer is not installed: names what to install and does not pass. */
export function peerAbsent(bench: string, unit: string, reach: number, install: string): BenchResult {
  const name = `peer absent, install ${install}`;
  return resultOf(bench, unit, [{ name, ours: 0, peer: null, ratio: null, reach, pass: false }]);
}

/** Rounds of a short run: each side begins one. */
export const briefRounds = 2;

/** Medians over rounds in which both sides took turns, and the quartiles of the rounds' ratios. */
export interface Rounds {
  ours: number;
  peer: number;
  ratio: number;
  lowerQuartile: number;
  upperQuartile: number;
}

/**
 * Measures ours and the peer in turn, changing who begins, so that slow drifts of the machine hit both. Both give a rate (more is
 * better); the ratio is the median of the rounds' ratios. At least five rounds make a figure.
 */
export async function alternate(
  rounds: number,
  ours: () => Promise<number>,
  peer: () => Promise<number>,
  say: (text: string) => void = () => {},
): Promise<Rounds> {
  const pairs: { ours: number; peer: number }[] = [];
  for (let index = 0; index < rounds; index += 1) {
    const first = index % 2 === 0 ? await ours() : await peer();
    const second = index % 2 === 0 ? await peer() : await ours();
    const pair = index % 2 === 0 ? { ours: first, peer: second } : { ours: second, peer: first };
    say(
      `  round ${index + 1}: ours ${shown(pair.ours)}, peer ${shown(pair.peer)}, ratio ${shown(pair.ours / pair.peer)}`,
    );
    pairs.push(pair);
  }
  return roundsOf(
    pairs.map((pair) => pair.ours),
    pairs.map((pair) => pair.peer),
  );
}

/** The same of figures that were measured in turn, one of each side a round. */
export function roundsOf(ours: readonly number[], peer: readonly number[]): Rounds {
  const ratios = ours.map((value, index) => value / (peer[index] ?? Number.NaN));
  return {
    ours: quantile([...ours], 0.5),
    peer: quantile([...peer], 0.5),
    ratio: quantile(ratios, 0.5),
    lowerQuartile: quantile(ratios, 0.25),
    upperQuartile: quantile(ratios, 0.75),
  };
}

/** The value below which the share `q` of the values lies, interpolated; NaN for none. */
export function quantile(values: number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * q;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}

/** The middle value. */
export function median(values: number[]): number {
  return quantile(values, 0.5);
}

/** Four significant digits at most, as a number. */
export function round(value: number): number {
  return Number.isFinite(value) ? Number(value.toPrecision(4)) : value;
}

/** A figure for people. */
export function shown(value: number): string {
  return round(value).toLocaleString('en-US', { maximumFractionDigits: 3 });
}
