/** The five figures of `/proc/loadavg`; the last two are left out when they are not there. Undefined when the averages are not. */
export function parseLoadavg(text: string): { [key: string]: number } | undefined {
  const [load1, load5, load15, tasks = ''] = text.trim().split(/\s+/);
  const averages = { load1: Number(load1), load5: Number(load5), load15: Number(load15) };
  if (text.trim() === '' || !Object.values(averages).every(Number.isFinite)) return undefined;
  const counts = /^(\d+)\/(\d+)$/.exec(tasks);
  return counts === null ? averages : { ...averages, running: Number(counts[1]), tasks: Number(counts[2]) };
}
