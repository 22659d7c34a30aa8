/** Reads `/proc/sys/fs/file-nr`: allocated, free and most file handles. Throws when it is none. */
export function parseFileNumbers(text: string): { used: number; max: number } {
  const [allocated, free, max] = text.trim().split(/\s+/).map(Number);
  if (allocated === undefined || free === undefined || !max)
    throw new Error(`not a file-nr: '${text.trim()}'`);
  return { used: allocated - free, max };
}
