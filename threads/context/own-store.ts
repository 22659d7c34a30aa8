import { mkdir } from 'node:fs/promises';
import type { ExactStore } from 'opsbro/sdk';

/** Opens a store of a service's own. Loaded here, since few services keep one. */
export async function openOwnStore(
  directory: string,
  { memoryBytes }: { memoryBytes?: number } = {},
): Promise<ExactStore> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const { openStore } = await import('../../store/level.ts');
  try {
    return await openStore(directory, {
      maxQueued: 100_000,
      ...(memoryBytes !== undefined && { memoryBytes }),
    });
  } catch (error) {
    const { cause } = error as { cause?: { code?: string } };
    const reason = cause?.code === 'LEVEL_LOCKED' ? 'another program uses it' : (error as Error).message;
    throw new Error(`cannot open the store ${directory}: ${reason}`, { cause: error });
  }
}
