import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { freePort, isListening } from '../free-port.ts';

/** Whether Debian's `graphite-carbon` is here, or has to be. */
export const isCarbonHere =
  process.env.OPSBRO_TEST_REQUIRE === 'all' ||
  spawnSync('carbon-cache', ['--version'], { stdio: 'ignore' }).error === undefined;

/** What a carbon is started with. */
export interface CarbonParts {
  program: 'cache' | 'relay';
  /** A folder of its own; a cache keeps its files in `whisper` below it. */
  folder: string;
  /** Lines of its section of `carbon.conf`. */
  settings: readonly string[];
  /** Where it listens when it is ready. */
  port: number;
  /** Of `storage-schemas.conf`; by default every second of an hour. */
  schemas?: string;
  /** Of `storage-aggregation.conf`; there is none by default. */
  aggregation?: string;
  env?: { [name: string]: string };
}

/** Starts Debian's `carbon-cache` or `carbon-relay`, and waits until it listens. End it with `endCarbon`. */
export async function startCarbon(parts: CarbonParts): Promise<ChildProcess> {
  const { program, folder, settings, port, env = {} } = parts;
  mkdirSync(join(folder, 'whisper'), { recursive: true });
  const config = join(folder, 'carbon.conf');
  const folders = ['STORAGE_DIR', 'CONF_DIR', 'LOG_DIR', 'PID_DIR', 'WHITELISTS_DIR'];
  const lines = [
    ...folders.map((each) => `${each} = ${folder}`),
    `LOCAL_DATA_DIR = ${folder}/whisper`,
    'USER =',
  ];
  writeFileSync(config, [`[${program}]`, ...lines, ...settings, ''].join('\n'));
  const { schemas = '[all]\npattern = .*\nretentions = 1s:1h\n', aggregation } = parts;
  writeFileSync(join(folder, 'storage-schemas.conf'), schemas);
  if (aggregation !== undefined) writeFileSync(join(folder, 'storage-aggregation.conf'), aggregation);
  const flags = [`--config=${config}`, `--logdir=${folder}`, `--pidfile=${join(folder, 'pid')}`];
  const child = spawn(`carbon-${program}`, [...flags, '--nodaemon', 'start'], {
    stdio: 'ignore',
    env: { ...process.env, ...env },
  });
  await expect.poll(() => isListening(port), { timeout: 60_000 }).toBe(true);
  return child;
}

/** Settings of a cache without limits, which takes lines and pickles at these ports. */
export async function cacheSettings(linePort: number, picklePort: number): Promise<string[]> {
  return [
    `LINE_RECEIVER_PORT = ${linePort}`,
    `PICKLE_RECEIVER_PORT = ${picklePort}`,
    `CACHE_QUERY_PORT = ${await freePort()}`,
    ...['LINE', 'PICKLE'].map((kind) => `${kind}_RECEIVER_INTERFACE = 127.0.0.1`),
    ...['ENABLE_UDP_LISTENER = False', 'ENABLE_TAGS = False', 'WHISPER_SPARSE_CREATE = True'],
    ...['MAX_CREATES_PER_MINUTE = inf', 'MAX_UPDATES_PER_SECOND = inf'],
  ];
}

/** Kills a carbon, and waits until it is gone. */
export async function endCarbon(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await ended;
}
