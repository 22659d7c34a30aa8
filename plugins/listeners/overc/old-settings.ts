import { readFile } from 'node:fs/promises';
import { readIni } from './ini.ts';

/** What an installation of OverC says in its file and its environment. */
export interface OldSettings {
  database?: string;
  apiAuth?: string;
  uiAuth?: string;
}

/** Reads `[overc]` of a server.ini, where one is named, over which variables `OVERC_X` win. Rejects where it is named and does not exist. */
export async function oldSettings(
  given: string,
  env: (name: string) => string | undefined,
): Promise<OldSettings> {
  const path = given === '' ? (env('OVERC_CONFIG') ?? '') : given;
  const own = path === '' ? new Map<string, string>() : await sectionOf(path);
  const setting = (name: string): string | undefined => env(`OVERC_${name.toUpperCase()}`) ?? own.get(name);
  const [database, apiAuth, uiAuth] = ['database', 'api_auth', 'ui_auth'].map(setting);
  return {
    ...(database !== undefined && { database }),
    ...(apiAuth !== undefined && { apiAuth }),
    ...(uiAuth !== undefined && { uiAuth }),
  };
}

async function sectionOf(path: string): Promise<Map<string, string>> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(error.code === 'ENOENT' ? `Config file does not exist: ${path}` : error.message);
  });
  return readIni(text, path).get('overc') ?? new Map();
}
