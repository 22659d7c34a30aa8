import { mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, extname, join, resolve } from 'node:path';
import type { Diagnostic } from '../configuration/model.ts';
import type { Loaded } from '../configuration/offline.ts';
import { OpsbroError } from '../core/errors.ts';
import type { OfflineConfiguration } from './offline-configuration.ts';
import { placeText } from './place-text.ts';

/** A configuration with one file laid over it, and the ids of the checks that are in that file. */
export interface WithFile {
  loaded: Loaded;
  ids: string[];
  /** The pack that a file from elsewhere was laid over; null where that is nothing to tell. */
  over: string | null;
}

/** True for what names a file rather than a check. */
export function isFile(target: string): boolean {
  return /\.ya?ml$/i.test(target);
}

/**
 * Reads the configuration as it would be with this file: where it lies within it, as it is; else laid over it, into the pack that its folder is
 * called, or that has a check of its name, or `local`. Throws what is wrong with the file, with its places.
 */
export async function readWithFile(
  { configuration, directories }: OfflineConfiguration,
  file: string,
): Promise<WithFile> {
  const path = resolve(file);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true)
    throw new OpsbroError('OPSBRO_CONFIG_NOT_FOUND', `${file}: there is no such file`);
  const before = configuration.read(directories);
  if (isRead(before, path)) return checksOf(before, path, file);
  const scratch = mkdtempSync(join(tmpdir(), 'opsbro-replay-'));
  try {
    const pack = packOf(before, path);
    const link = join(scratch, ...(pack === 'local' ? [] : [pack]), basename(path));
    await mkdir(dirname(link), { recursive: true, mode: 0o700 });
    symlinkSync(path, link);
    const loaded = configuration.read({ ...directories, config: [...directories.config, scratch] });
    const read = checksOf(atHome(loaded, link, path), path, file);
    return { ...read, over: pack === 'local' || pack === basename(dirname(path)) ? null : pack };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function isRead({ objects, diagnostics, badFiles }: Loaded, path: string): boolean {
  return badFiles.includes(path) || [...objects, ...diagnostics].some(({ place }) => place.file === path);
}

function packOf({ objects }: Loaded, path: string): string {
  const folder = basename(dirname(path));
  const checks = objects.filter(({ kind }) => kind === 'check');
  if (checks.some(({ pack }) => pack === folder)) return folder;
  const namesakes = checks.filter(({ name }) => name === basename(path, extname(path)));
  return namesakes.length === 1 ? (namesakes[0]?.pack ?? 'local') : 'local';
}

/** Places as the user knows them, not those of the link. */
function atHome(loaded: Loaded, link: string, path: string): Loaded {
  const home = <Placed extends { place: Diagnostic['place'] }>(one: Placed): Placed =>
    one.place.file === link ? { ...one, place: { ...one.place, file: path } } : one;
  return {
    ...loaded,
    objects: loaded.objects.map(home),
    diagnostics: loaded.diagnostics.map(home),
  };
}

function checksOf(loaded: Loaded, path: string, file: string): WithFile {
  const errors = loaded.diagnostics.filter(
    ({ severity, place }) => severity === 'error' && place.file === path,
  );
  const [first] = errors;
  if (first !== undefined) {
    const said = errors.map(({ place, message }) => `${placeText(place)}: ${message}`).join('\n');
    const code = first.code.startsWith('OPSBRO_CONFIG_') ? first.code : 'OPSBRO_CONFIG_TYPE';
    throw new OpsbroError(code, said);
  }
  const ids = loaded.objects.flatMap(({ kind, place, id }) =>
    kind === 'check' && place.file === path ? [id] : [],
  );
  if (ids.length === 0)
    throw new OpsbroError('OPSBRO_CONFIG_MISSING_KEY', `${file}:1:1: there is no check in it`);
  return { loaded, ids, over: null };
}
