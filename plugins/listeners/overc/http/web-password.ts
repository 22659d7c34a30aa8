import { createHash, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { Clock } from 'opsbro/sdk';
import { Rate } from '../api/rate.ts';
import { Refused } from '../api/refused.ts';
import { basicOf, isSame, needAuthentication } from './admission.ts';
import type { Asked } from './door.ts';

const hashed = promisify(scrypt) as (
  password: string,
  salt: Buffer,
  length: number,
  options: { N: number; r: number; p: number; maxmem: number },
) => Promise<Buffer>;

/** A password as it is kept: `$scrypt$ln=15,r=8,p=1$SALT$HASH`, base64 without padding. */
const form = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
/** 32 MiB each. */
const mostAtOnce = 2;
const maxMemoryBytes = 128 * 1024 * 1024;
/** Who was let in need not be hashed again with each request of a page. */
const rememberMs = 300_000;
const mostRemembered = 100;
/** Wrong tries of one address. */
const triesPerSecond = 5 / 60;

/** `user:password` of the page, in clear or as its hash. Hashing is costly by intent: it is asked for seldom, and two at once. */
export class WebPassword {
  readonly #wanted: string;
  readonly #clock: Clock;
  readonly #tries = new Rate(triesPerSecond, 5);
  readonly #known = new Map<string, number>();
  /** What is being hashed: requests of a page come together, and one answer is for all of them. */
  readonly #looking = new Map<string, Promise<boolean>>();

  constructor(wanted: string, clock: Clock) {
    this.#wanted = wanted;
    this.#clock = clock;
    const [, password] = split(wanted);
    if (password.startsWith('$') && form.exec(password) === null)
      throw new Error("'ui_auth' has a hash that is none; 'opsbro push password USER' makes one");
  }

  /** Refuses who does not know it; nobody where none is asked for. */
  async check(asked: Asked, sender: string): Promise<void> {
    if (this.#wanted === '') return;
    const sent = basicOf(asked);
    const [user, password] = split(this.#wanted);
    if (!password.startsWith('$')) {
      if (!isSame(sent, this.#wanted)) throw needAuthentication();
      return;
    }
    const [sentUser, sentPassword] = split(sent);
    if (!isSame(sentUser, user) || sentPassword === '') throw needAuthentication();
    const name = createHash('sha256').update(sent).digest('base64');
    const isKnown = (this.#known.get(name) ?? 0) > this.#clock.monotonic();
    if (!isKnown && !(await (this.#looking.get(name) ?? this.#look(name, password, sentPassword, sender))))
      throw needAuthentication();
    if (this.#known.size >= mostRemembered && !this.#known.has(name)) this.#known.clear();
    this.#known.set(name, this.#clock.monotonic() + rememberMs);
  }

  /** Who has it hashed used up a try. */
  #look(name: string, kept: string, sent: string, sender: string): Promise<boolean> {
    if (this.#looking.size >= mostAtOnce)
      throw new Refused(503, 'other passwords are being looked at', { 'retry-after': '1' });
    if (!this.#tries.take(sender, this.#clock.monotonic()))
      throw new Refused(429, 'too many passwords were tried');
    const looking = isHashOf(kept, sent).finally(() => this.#looking.delete(name));
    this.#looking.set(name, looking);
    return looking;
  }
}

async function isHashOf(kept: string, password: string): Promise<boolean> {
  const [, log = '', r = '', p = '', salt = '', hash = ''] = form.exec(kept) ?? [];
  const wanted = Buffer.from(hash, 'base64');
  const options = { N: 2 ** Number(log), r: Number(r), p: Number(p), maxmem: maxMemoryBytes };
  return timingSafeEqual(await hashed(password, Buffer.from(salt, 'base64'), wanted.length, options), wanted);
}

function split(text: string): [user: string, password: string] {
  const colon = text.indexOf(':');
  return colon === -1 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
}
