import type { CheckFact } from 'opsbro/sdk';
import { startStage } from './web-stage.ts';

/** Hosts that push, and the checks of each. */
export const hosts = 1000;
export const services = 20;

/** A stage with the checks of many hosts. */
export interface StreamPeer {
  url: string;
  /** A number that was not given before. */
  next(): number;
  /** Tells of a check that says something else. */
  change(host: number, service: number, output: string): void;
  close(): Promise<void>;
}

const states = ['ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'warning', 'critical', 'unknown'] as const;

function checkOf(host: number, service: number, output: string): CheckFact {
  const [server, name] = [`host${String(host).padStart(4, '0')}`, `service${service}`];
  const state = states[(host * 7 + service * 3) % states.length] ?? 'ok';
  return {
    ...{ id: `push/check/${server}/${name}`, name: `${server}/${name}`, display_name: `${server} ${name}` },
    ...{ pack: 'push', state, hard: true, output, long_output: '', perfdata: '' },
    ...{ since: Date.now() - 3_600_000, last_run: Date.now(), stale: false },
    labels: { server, service: name },
  };
}

/** Starts it over the built page. */
export async function startStream(folder: string): Promise<StreamPeer> {
  const checks = Array.from({ length: hosts * services }, (_, index) => {
    const [host, service] = [Math.floor(index / services), index % services];
    return checkOf(host, service, `${service} of 20 are well, as they were an hour ago`);
  });
  const stage = await startStage(folder, { checks });
  let last = 0;
  return {
    url: stage.url,
    next() {
      last += 1;
      return last;
    },
    change(host, service, output) {
      const data = checkOf(host, service, output);
      checks[host * services + service] = data;
      stage.tell(data);
    },
    close: stage.close,
  };
}
