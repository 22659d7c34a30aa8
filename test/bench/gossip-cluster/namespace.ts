import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { DriverAnswer, DriverJob } from './driver.ts';
import type { RoundFigures } from './round.ts';

const driver = fileURLToPath(new URL('./driver.js', import.meta.url));

/** What puts a program into a network namespace with nothing but a loopback; empty where this host allows none. */
export function ownNetwork(): string[] {
  const asRoot = process.getuid?.() === 0 ? [] : ['--map-root-user'];
  const words = ['unshare', '--net', ...asRoot, 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];
  const [file = '', ...args] = [...words, 'true'];
  return spawnSync(file, args, { stdio: 'ignore' }).status === 0 ? words : [];
}

/** Runs one round of one side behind `wrapper`. */
export async function runDriver(wrapper: readonly string[], job: DriverJob): Promise<RoundFigures> {
  const [file = '', ...args] = [...wrapper, process.execPath, driver];
  const child = spawn(file, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const answer = new Promise<DriverAnswer>((resolve, reject) => {
    child.once('message', (message) => resolve(message as DriverAnswer));
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`the driver ended with ${signal ?? code}`)));
  });
  child.send(job);
  const found = await answer;
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  if ('error' in found) throw new Error(`${job.side}: ${found.error}`);
  return found.figures;
}
