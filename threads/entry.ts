import { fileURLToPath } from 'node:url';

/**
 * The absolute path of a thread's compiled entry, e.g. `job-thread`. Threads always load `dist`, since a Worker cannot load TypeScript
 * on Node 20; when this file runs from its source (under vitest), the entry is the one that was built last.
 */
export function threadEntry(name: string, extension: 'js' | 'cjs' = 'js'): string {
  const folder = import.meta.url.endsWith('.ts') ? '../dist/threads/' : './';
  return fileURLToPath(new URL(`${folder}${name}.${extension}`, import.meta.url));
}
