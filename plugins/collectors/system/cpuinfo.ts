/** Processors as `/proc/cpuinfo` tells; what an architecture does not tell is absent. */
export interface Processors {
  count?: number;
  model?: string;
  mhz?: number;
}

/**
 * Reads `/proc/cpuinfo`, whose fields differ by architecture: x86 and many others name a model, ARM may name the board instead,
 * s390 gives the count in one line and the clock as `cpu MHz dynamic`.
 */
export function parseCpuinfo(text: string): Processors {
  const field = (name: string) => new RegExp(`^${name}\\s*:[ \\t]*(\\S.*)$`, 'm').exec(text)?.[1]?.trim();
  const listed = text.match(/^processor\s*:/gm)?.length ?? 0;
  const count = listed || Number(field('# processors')) || 0;
  const model =
    field('model name') ?? field('cpu model') ?? field('Processor') ?? field('Model') ?? field('cpu');
  const mhz = Number.parseFloat(field('cpu MHz') ?? field('clock') ?? field('cpu MHz dynamic') ?? '');
  return {
    ...(count > 0 ? { count } : {}),
    ...(model === undefined ? {} : { model }),
    ...(Number.isFinite(mhz) ? { mhz } : {}),
  };
}
