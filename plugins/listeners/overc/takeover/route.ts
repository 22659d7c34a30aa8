import type { Json, JsonObject, RouteReply, RouteRequest } from 'opsbro/sdk';
import { TakeOver, type TakeOverParts, type TakeOverRequest } from './take-over.ts';

const usualDays = 7;

/** The routes of taking an old installation over: POST begins, GET tells how far it is. */
export class TakeOverRoute {
  readonly #parts: TakeOverParts;
  #latest: TakeOver | undefined;
  #running: Promise<void> = Promise.resolve();
  readonly #end = new AbortController();

  constructor(parts: TakeOverParts) {
    this.#parts = parts;
  }

  answer({ method, body }: RouteRequest): RouteReply {
    if (method === 'GET') {
      if (this.#latest !== undefined)
        return { status: 200, body: this.#latest.view as unknown as JsonObject };
      return refusal(404, 'OPSBRO_API_NOT_FOUND', 'nothing was taken over since the push server started');
    }
    if (this.#latest?.view.state === 'running')
      return refusal(409, 'OPSBRO_AGENT_BUSY', 'an old installation is being taken over already');
    const asked = requestOf(body);
    if (asked === undefined)
      return refusal(
        400,
        'OPSBRO_API_INVALID',
        'expected {database: URL, days?: 1 to 3650, dry_run?: boolean}',
      );
    this.#latest = new TakeOver(this.#parts, asked, this.#end.signal);
    this.#running = this.#latest.run();
    return { status: 200, body: this.#latest.view as unknown as JsonObject };
  }

  /** Resolves once nothing is written any more: what is being carried is the last. */
  async close(): Promise<void> {
    this.#end.abort(new Error('the push server ended; what was carried stays, and another run goes on'));
    await this.#running;
  }
}

function requestOf(body: Json | undefined): TakeOverRequest | undefined {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
  const { database, days = usualDays, dry_run: isDry = false } = body;
  if (typeof database !== 'string' || typeof isDry !== 'boolean') return undefined;
  if (typeof days !== 'number' || !(days >= 1 && days <= 3650)) return undefined;
  return { database, days, dry_run: isDry };
}

function refusal(status: number, code: string, message: string): RouteReply {
  return { status, body: { error: { code, message } } };
}
