import type { Context, DirectoryEntry, FileStat } from 'opsbro/sdk';

/** A path that a pattern found. */
export interface Found {
  path: string;
  stat: FileStat;
}

/** More entries than that are not looked at: a pattern over a whole disk is a mistake. */
const maxEntries = 100_000;

/** True when a pattern has to be looked for; a path without `*`, `?` and `[` is looked up. */
export function isPattern(path: string): boolean {
  return /[*?[]/.test(path);
}

/** Turns one step of a pattern into an expression over names. A leading dot has to be written, as in a shell. */
export function stepPattern(step: string): RegExp {
  const source = step.replaceAll(/\[!?[^\]/]+\]|\*+|\?|[^*?[]+|\[/g, (part) => {
    if (part.startsWith('*')) return '[^/]*';
    if (part === '?') return '[^/]';
    if (part.startsWith('[') && part.length > 1)
      return `[${part.slice(1, -1).replace(/^!/, '^').replaceAll(/[\\[]/g, '\\$&')}]`;
    return part.replaceAll(/[\\^$.|+()[\]{}]/g, '\\$&');
  });
  return new RegExp(`^${step.startsWith('.') ? '' : '(?!\\.)'}${source}$`);
}

/**
 * Everything that a path or pattern names, in order of the names. Links are followed, but not below a `**`, which could lead in circles.
 * What vanishes meanwhile, or may not be read, is left out, but for the folder before the first pattern. Throws over 100,000 entries.
 */
export async function findFiles(ctx: Context<unknown>, path: string): Promise<Found[]> {
  if (!isPattern(path)) {
    const stat = await ctx.stat(path);
    return stat === undefined ? [] : [{ path, stat }];
  }
  const steps = path.split('/').slice(1);
  const first = steps.findIndex(isPattern);
  const start = `/${steps.slice(0, first).join('/')}`;
  if ((await ctx.stat(start))?.type !== 'directory') return [];
  return new Search(ctx, start).below(start, steps.slice(first));
}

class Search {
  readonly #ctx: Context<unknown>;
  readonly #start: string;
  #entries = 0;

  constructor(ctx: Context<unknown>, start: string) {
    this.#ctx = ctx;
    this.#start = start;
  }

  /** `listed`: the entries of the folder where they are known. */
  async below(folder: string, [step = '', ...rest]: string[], listed?: DirectoryEntry[]): Promise<Found[]> {
    if (step === '**') return this.#anywhere(folder, rest.length === 0 ? ['*'] : rest);
    if (!isPattern(step)) return this.#visit(`${folder === '/' ? '' : folder}/${step}`, rest);
    const pattern = stepPattern(step);
    const found: Found[] = [];
    for (const { name } of listed ?? (await this.#list(folder)))
      if (pattern.test(name))
        found.push(...(await this.#visit(`${folder === '/' ? '' : folder}/${name}`, rest)));
    return found;
  }

  async #anywhere(folder: string, rest: string[]): Promise<Found[]> {
    const entries = await this.#list(folder);
    const found = await this.below(folder, rest, entries);
    for (const { name, type } of entries)
      if (type === 'directory' && !name.startsWith('.'))
        found.push(...(await this.#anywhere(`${folder === '/' ? '' : folder}/${name}`, rest)));
    return found;
  }

  async #visit(path: string, rest: string[]): Promise<Found[]> {
    const stat = await this.#ctx.stat(path).catch((thrown: unknown) => this.#leaveOut(thrown));
    if (stat === undefined) return [];
    if (rest.length === 0) return [{ path, stat }];
    return stat.type === 'directory' ? this.below(path, rest) : [];
  }

  async #list(folder: string): Promise<DirectoryEntry[]> {
    const entries = await this.#ctx.list(folder).catch((thrown: unknown) => {
      if (folder === this.#start) throw thrown;
      return this.#leaveOut(thrown) ?? [];
    });
    this.#entries += entries.length;
    if (this.#entries > maxEntries) throw new Error(`the pattern meets more than ${maxEntries} entries`);
    return entries;
  }

  #leaveOut(thrown: unknown): undefined {
    this.#ctx.signal.throwIfAborted();
    const { code } = thrown as { code?: unknown };
    if (code !== 'OPSBRO_HOST_DENIED' && code !== 'OPSBRO_HOST_NOT_FOUND') throw thrown;
  }
}
