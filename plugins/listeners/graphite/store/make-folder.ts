import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it, so that a power cut does not take them with all that is in them. One that is there already may have been
 * made by a process that was killed before it got so far: nobody knows which of its names are on the disk, so all are brought there.
 */
export async function makeFolder(path: string, mode: number): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode });
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const isOurs = first !== undefined && folder.length >= dirname(first).length;
    await syncFolder(folder).catch((error: NodeJS.ErrnoException) => {
      // Who may not read a folder above has not made what is in it either.
      if (isOurs || !['EACCES', 'EPERM', 'EINVAL', 'EROFS'].includes(error.code ?? '')) throw error;
    });
    if (folder === dirname(folder)) return;
  }
}

/** Resolves when the names in a folder are on the disk. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  await folder.sync().finally(() => folder.close());
}
