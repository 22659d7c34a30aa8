import type { ExecResult, Json, RouteView, ServiceContext } from 'opsbro/sdk';
import type { Options, Settings } from './options.ts';

const route = '/api/v1/gossip/events';
const maxWhy = 1000;

/** A command did not end well. */
export interface Refusal {
  why: string;
  /** All it said. */
  said: string;
}

/** The monitoring tool, as far as commands reach it. */
export class Tool {
  readonly #ctx: Pick<ServiceContext<Options>, 'exec' | 'ask' | 'emit' | 'log'>;
  readonly #settings: Settings;
  #hasEvents = false;

  constructor(ctx: ServiceContext<Options>, settings: Settings) {
    this.#ctx = ctx;
    this.#settings = settings;
  }

  /** Takes the snapshot `routes`: whether there is a cluster that takes events. */
  setRoutes(routes: Json): void {
    const all = Array.isArray(routes) ? (routes as unknown as RouteView[]) : [];
    this.#hasEvents = all.some(({ method, path }) => method === 'POST' && path === route);
  }

  /** Why the tool refuses its configuration, and all it said; null when it accepts it, or is not asked. */
  async verify(): Promise<Refusal | null> {
    return await this.#run('verify_command', this.#settings.verify);
  }

  /** Why the tool could not be reloaded; null when it was. Tells the agent and the cluster. */
  async reload(hosts: number): Promise<string | null> {
    const { reload, tool } = this.#settings;
    if (reload === '') return null;
    const refusal = await this.#run('reload_command', reload);
    if (refusal !== null) return refusal.why;
    const payload = { tool, hosts };
    this.#ctx.emit('shinken-restart', payload);
    if (this.#hasEvents) this.#tellCluster(payload);
    return null;
  }

  #tellCluster(payload: Json): void {
    const body = { name: 'shinken-restart', payload };
    this.#ctx.ask({ route, method: 'POST', params: {}, query: {}, body }).then(
      ({ status }) => {
        if (status >= 300) this.#ctx.log.warn(`the cluster was not told of the restart: ${status}`);
      },
      (error: Error) => this.#ctx.log.warn(`the cluster was not told of the restart: ${error.message}`),
    );
  }

  async #run(what: string, command: string): Promise<Refusal | null> {
    if (command === '') return null;
    try {
      const timeoutMs = this.#settings.commandMs;
      const result = await this.#ctx.exec('/bin/sh', ['-c', command], {
        timeoutMs,
        maxBytes: 4 * 1024 * 1024,
      });
      if (result.code === 0) return null;
      const said = `${result.stdout}\n${result.stderr}`;
      return { why: `${what} '${command}' ${ended(result)}: ${whyOf(said)}`, said };
    } catch (error) {
      return { why: `${what} '${command}' did not run: ${(error as Error).message}`, said: '' };
    }
  }
}

function ended({ code, signal }: ExecResult): string {
  return code === null ? `was ended by ${signal}` : `exited ${code}`;
}

/** The lines that say what is wrong; where none does, the last ones. */
function whyOf(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  const said = lines.filter((line) => line !== '');
  const errors = said.filter((line) => /\b(error|critical)\b/i.test(line) && !/\berrors?: +0\b/i.test(line));
  const why = (errors.length > 0 ? errors.slice(0, 5) : said.slice(-5)).join(' / ');
  return why.slice(0, maxWhy) || 'it said nothing';
}
