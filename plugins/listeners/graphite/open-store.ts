import { randomInt } from 'node:crypto';
import { readFile, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServiceContext } from 'opsbro/sdk';
import type { Options, Settings } from './options.ts';
import {
  aggregationRules,
  aggregationRulesOfConf,
  retentionRules,
  retentionRulesOfConf,
  Schemas,
} from './schemas/schemas.ts';
import { MetricStore } from './store/store.ts';

/** Opens the store that the options describe, in a folder, and tells the log what it can come to. */
export async function openStore(
  ctx: ServiceContext<Options>,
  settings: Settings,
  folder: string,
): Promise<MetricStore> {
  const { store: given, diskBytes, flushMs } = settings;
  const schemas = await schemasOf(settings);
  const store = new MetricStore({
    folder,
    ...(given.directory !== '' && { files: given.directory }),
    schemas,
    limits: { perSource: given.max_names_per_source, inAll: given.max_names, diskBytes },
    waitingPoints: given.max_waiting,
    flushMs,
    clock: ctx.clock,
    seed: randomInt(2 ** 32),
    tell(topic, message, data) {
      ctx.log.warn(message, data);
      ctx.emit(topic, { ...data, message });
    },
  });
  const largest = schemas.largestFileBytes();
  const most = Math.min(diskBytes, largest * given.max_names);
  ctx.log.info(
    `the store may take ${size(most)} of the disk: up to ${size(largest)} for each of ${given.max_names} names, ${size(diskBytes)} in all`,
  );
  const { names, bytes, replayed, torn } = await store.open();
  const mended =
    replayed + torn > 0 ? `; ${replayed} points came from the log, ${torn} bytes of it were torn` : '';
  ctx.log.info(`the store has ${names} names, which take ${size(bytes)}${mended}`);
  const room = bytes + (await freeBytes(given.directory === '' ? join(folder, 'whisper') : given.directory));
  if (room < most)
    ctx.log.warn(
      `the disk has room for ${size(room)} of metrics, and the store may take ${size(most)}: with a smaller 'max_disk' it makes room itself before the disk is full`,
    );
  return store;
}

async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

async function schemasOf({ store }: Settings): Promise<Schemas> {
  const { retentions, aggregations, schemas_file: schemasFile, aggregation_file: aggregationFile } = store;
  return new Schemas(
    [
      ...at('store.retentions', () => retentionRules(retentions)),
      ...(await ofFile(schemasFile, retentionRulesOfConf)),
    ],
    [
      ...at('store.aggregations', () => aggregationRules(aggregations)),
      ...(await ofFile(aggregationFile, aggregationRulesOfConf)),
    ],
  );
}

async function ofFile<Rule>(path: string, read: (text: string) => Rule[]): Promise<Rule[]> {
  if (path === '') return [];
  const text = await readFile(path, 'utf8');
  return at(path, () => read(text));
}

function at<Rules>(place: string, read: () => Rules): Rules {
  try {
    return read();
  } catch (error) {
    throw new Error(`${place}: ${(error as Error).message}`);
  }
}

/** Where the agent keeps its data, as it says itself. */
export async function dataDirectory({ ask }: ServiceContext<Options>): Promise<string> {
  const request = { route: '/api/v1/agent', method: 'GET', params: {}, query: {}, body: null };
  const { status, body } = await ask(request);
  const { data } = JSON.parse(Buffer.from(body).toString()) as { data?: unknown };
  if (status !== 200 || typeof data !== 'string')
    throw new Error(`the agent does not say where its data is: ${status}`);
  return data;
}

function size(bytes: number): string {
  for (const [unit, factor] of [
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
  ] as const)
    if (bytes >= factor) return `${(bytes / factor).toFixed(1)} ${unit}`;
  return `${Math.ceil(bytes / 1024)} KiB`;
}
