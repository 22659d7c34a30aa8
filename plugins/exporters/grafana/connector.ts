import type { ExportedFacts, Json, JsonObject, NodesSnapshot, ServiceContext } from 'opsbro/sdk';
import { changesTo, type FoundSource, ourSources, sourceBody, type WantedNode } from './data-sources.ts';
import { type Options, type Settings, settingsOf } from './options.ts';

const timeoutMs = 10_000;
const maxListBytes = 16 * 1024 * 1024;

/** The service while it runs: looks every so often at what Grafana has, and makes it what the cluster is. */
export class Connector {
  readonly #ctx: ServiceContext<Options>;
  readonly #settings: Settings;
  #nodes: NodesSnapshot | undefined;
  #self: { uuid: string; name: string } | undefined;
  /** Since when nodes are unknown that have a data source, by uuid. */
  readonly #unknownSince = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #trouble = '';

  constructor(ctx: ServiceContext<Options>) {
    this.#ctx = ctx;
    this.#settings = settingsOf(ctx.options);
  }

  start(): void {
    const { subscribe } = this.#ctx;
    subscribe('nodes', (nodes) => {
      this.#nodes = nodes as unknown as NodesSnapshot;
    });
    subscribe('facts', (facts) => {
      this.#self = (facts as unknown as ExportedFacts).node;
    });
    this.#timer = setInterval(() => void this.look(), this.#settings.intervalMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  /** One look; while one is under way that one. */
  look(): Promise<void> {
    this.#looking ??= this.#look()
      .then(() => this.#tell(''))
      .catch((error: Error) => this.#tell(error.message))
      .finally(() => {
        this.#looking = undefined;
      });
    return this.#looking;
  }

  async #look(): Promise<void> {
    const wanted = this.#wanted();
    if (wanted.length === 0) return;
    const found = ourSources(await this.#ask('GET', ''));
    if (found === undefined) throw new Error('what it answers is no list of data sources');
    const { create, update, unknown } = changesTo(wanted, found);
    for (const node of create) await this.#ask('POST', '', sourceBody(node));
    for (const { found: source, node } of update) await this.#ask('PUT', `/${source.path}`, sourceBody(node));
    for (const source of this.#forgotten(unknown)) await this.#ask('DELETE', `/${source.path}`);
    const counts = { created: create.length, updated: update.length };
    if (create.length + update.length > 0) this.#ctx.log.info('data sources were changed', counts);
  }

  /** The nodes that have not left; this one alone where there is no cluster. */
  #wanted(): WantedNode[] {
    const { port, isLocal } = this.#settings;
    const self = this.#nodes?.self ?? this.#self?.uuid;
    const own = this.#self === undefined ? [] : [{ ...this.#self, addresses: ['127.0.0.1'] }];
    const nodes = this.#nodes?.nodes.filter(({ state }) => state !== 'leave') ?? own;
    return nodes.map(({ uuid, name, addresses }) => {
      // Routes are served on loopback; Grafana beside the agent gets there.
      const address = uuid === self && isLocal ? '127.0.0.1' : (addresses[0] ?? '127.0.0.1');
      return { uuid, name, url: `http://${address.includes(':') ? `[${address}]` : address}:${port}` };
    });
  }

  /** Those whose nodes are unknown for long. Without a cluster nobody can tell. */
  #forgotten(unknown: readonly FoundSource[]): FoundSource[] {
    if (this.#nodes === undefined) return [];
    const now = this.#ctx.clock.monotonic();
    const uuids = new Set(unknown.map(({ uuid }) => uuid));
    for (const uuid of this.#unknownSince.keys()) if (!uuids.has(uuid)) this.#unknownSince.delete(uuid);
    for (const uuid of uuids) if (!this.#unknownSince.has(uuid)) this.#unknownSince.set(uuid, now);
    return unknown.filter(
      ({ uuid }) => now - (this.#unknownSince.get(uuid) ?? now) >= this.#settings.forgetMs,
    );
  }

  async #ask(method: string, path: string, body?: JsonObject): Promise<Json> {
    const { uri, api_key: key, verify_tls: verifyTls, ca_file: caFile } = this.#settings;
    const { status, text } = await this.#ctx.http({
      url: `${uri}/api/datasources${path}`,
      method,
      timeoutMs,
      maxBytes: maxListBytes,
      verifyTls,
      headers: {
        authorization: `Bearer ${key}`,
        accept: 'application/json',
        'content-type': 'application/json',
        'user-agent': 'opsbro',
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(caFile !== '' && { caFile }),
    });
    // Somebody else was faster: it was there, or gone, already.
    if (status === (method === 'POST' ? 409 : method === 'DELETE' ? 404 : 0)) return null;
    if (status === 401 || status === 403)
      throw new Error(`it answers ${status}: 'api_key' must be of a service account of the role Admin`);
    if (status < 200 || status >= 300)
      throw new Error(`${method} ${path || '/'} is answered ${status}: ${text.slice(0, 200)}`);
    return JSON.parse(text) as Json;
  }

  /** Says once what is wrong, and that it is over. */
  #tell(trouble: string): void {
    if (trouble === this.#trouble || this.#ctx.signal.aborted) return;
    this.#trouble = trouble;
    if (trouble === '') this.#ctx.log.info(`${this.#settings.uri} takes data sources again`);
    else this.#ctx.log.warn(`${this.#settings.uri}: ${trouble}`);
  }
}
