import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OpsbroError } from './errors.ts';

const shape = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** This agent's uuid: the one in `<data>/uuid`, made at the first start. Throws OPSBRO_AGENT_DATA when it can be neither read nor written. */
export function agentUuid(data: string): string {
  const path = join(data, 'uuid');
  try {
    const known = readFileSync(path, 'utf8').trim();
    if (shape.test(known)) return known;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unusable(path, error);
  }
  const uuid = randomUUID();
  try {
    writeFileSync(path, `${uuid}\n`, { mode: 0o600 });
  } catch (error) {
    throw unusable(path, error);
  }
  return uuid;
}

function unusable(path: string, cause: unknown): OpsbroError {
  return new OpsbroError('OPSBRO_AGENT_DATA', `cannot use ${path}: ${(cause as Error).message}`, { cause });
}
