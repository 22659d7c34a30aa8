import { lstatSync, readlinkSync } from 'node:fs';

const zoneFile = '/etc/localtime';

/**
 * Makes the zone of this process one that has a name, since quiet hours and downtimes are reckoned in zones by name. `TZ=:/etc/localtime`, which
 * spares C programs a look at that file, means what no TZ means; the path of a zone means that zone. Gives what to warn of when TZ names
 * none: Node takes UTC then. `env` is `process.env`, at whose change Node looks for its zone anew; called before threads start.
 */
export function settleTimeZone(env: NodeJS.ProcessEnv): string | null {
  const given = env.TZ;
  if (given === undefined) return null;
  const text = given.replace(/^:/, '');
  if (text === zoneFile) delete env.TZ;
  else env.TZ = /\/zoneinfo\/(?:posix\/)?(.+)$/.exec(text)?.[1] ?? text;
  if (env.TZ === undefined || isZone(env.TZ)) return null;
  env.TZ = 'UTC';
  if (text === '') return null;
  return `TZ='${given}' names no time zone, so local times are UTC: write a name such as 'Europe/Paris', or leave TZ unset for that of ${zoneFile}`;
}

function isZone(name: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone);
  } catch {
    return false;
  }
}

/** Tells when the zone of this host became another, as `timedatectl set-timezone` makes it, since this was made. */
export class LocalZone {
  readonly #path: string;
  readonly #env: NodeJS.ProcessEnv;
  #seen: string;

  constructor(env: NodeJS.ProcessEnv = process.env, path = zoneFile) {
    this.#env = env;
    this.#path = path;
    this.#seen = identity(path);
  }

  /**
   * True when the zone is another than at the last look; this thread reckons in it from then on. Threads that run keep the old one for the
   * texts they write. Always false where TZ names the zone. Never throws.
   */
  look(): boolean {
    if (this.#env.TZ !== undefined) return false;
    const found = identity(this.#path);
    if (found === this.#seen) return false;
    this.#seen = found;
    const was = nameAndOffset();
    // Makes Node look for its zone.
    delete this.#env.TZ;
    return nameAndOffset() !== was;
  }
}

function identity(path: string): string {
  try {
    const stats = lstatSync(path);
    const { dev, ino, mtimeMs } = stats;
    return `${dev}:${ino}:${mtimeMs}:${stats.isSymbolicLink() ? readlinkSync(path) : ''}`;
  } catch {
    return '-';
  }
}

function nameAndOffset(): string {
  return `${new Intl.DateTimeFormat().resolvedOptions().timeZone} ${new Date().getTimezoneOffset()}`;
}
