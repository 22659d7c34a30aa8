import { randomUUID } from 'node:crypto';
import {
  allowedNames,
  type ExportedFacts,
  type Json,
  type NodesSnapshot,
  readQuantity,
  type ServiceContext,
} from 'opsbro/sdk';
import { Doorkeeper } from './admission.ts';
import { type Change, factChanges, nodeChanges, oldFrame, ownNode } from './changes.ts';
import { type Client, Clients } from './clients.ts';
import { Journal } from './journal.ts';
import type { Options } from './options.ts';

const streamPath = '/api/v1/stream';

/** The service while it runs: it compares what it is pushed with what it knew, and tells the difference. */
export class Broadcaster {
  readonly #ctx: ServiceContext<Options>;
  readonly #keeper: Doorkeeper;
  readonly #clients: Clients;
  readonly #journal = new Journal(randomUUID());
  #facts: ExportedFacts | undefined;
  #nodes: NodesSnapshot | undefined;
  /** The first frame of who comes next, made once for all that come before something is pushed. */
  #first: Buffer | undefined;

  constructor(ctx: ServiceContext<Options>) {
    const { address, port, names, origins, anonymous, max_clients, backlog } = ctx.options;
    this.#ctx = ctx;
    this.#keeper = new Doorkeeper(
      { names: allowedNames(address, names), origins: new Set(origins), anonymous },
      () => ctx.clock.now(),
    );
    this.#clients = new Clients(
      { address, port, maxClients: max_clients, backlogBytes: readQuantity(backlog) },
      {
        judge: (request) => this.#keeper.judge(request),
        proofFor: (request) => this.#keeper.proofFor(request),
        isValid: (token) => this.#keeper.isValid(token),
        welcome: (client) => this.#welcome(client),
        dropped: (why) => ctx.log.info(`drops a client: ${why}`),
      },
    );
  }

  /** Listens once the facts of this host are known. */
  async open(): Promise<void> {
    const { signal, subscribe, log } = this.#ctx;
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      subscribe('tokens', (tokens) => {
        this.#keeper.useTokens(tokens);
        this.#clients.review();
      });
      subscribe('nodes', (nodes) => this.#takeNodes(nodes));
      subscribe('facts', (facts) => {
        this.#takeFacts(facts);
        resolve();
      });
    });
    log.info(`listens on ${await this.#clients.open()}`);
    // For `http`, which hands over who comes to its port.
    const { address } = this.#ctx.options;
    this.#ctx.publish('stream', { address, port: this.#clients.port, key: this.#keeper.key });
  }

  async close(): Promise<void> {
    // From now on another program may listen there.
    this.#ctx.publish('stream', null);
    await this.#clients.close();
  }

  #takeFacts(snapshot: Json): void {
    const now = snapshot as unknown as ExportedFacts;
    const isFirst = this.#facts === undefined;
    const changes = factChanges(this.#facts, now);
    this.#facts = now;
    this.#first = undefined;
    this.#tell(changes);
    // What the first OpsBro broadcast of itself, alone or in a cluster.
    const isOwn = changes.some(({ type }) => type === 'check' || type === 'groups');
    if (isOwn && !isFirst) {
      const own = this.#nodes?.nodes.find(({ uuid }) => uuid === now.node.uuid) ?? ownNode(now);
      this.#clients.tellOld(JSON.stringify(oldFrame(own, false, now.checks)));
    }
  }

  #takeNodes(snapshot: Json): void {
    const before = this.#nodes;
    const now = snapshot as unknown as NodesSnapshot;
    const changes = nodeChanges(before, now);
    this.#nodes = now;
    this.#first = undefined;
    this.#tell(changes);
    for (const { type, data } of changes) {
      if (type === 'node')
        this.#clients.tellOld(JSON.stringify(oldFrame(data, false, this.#checksOf(data.uuid))));
      if (type !== 'node-removed') continue;
      const gone = before?.nodes.find(({ uuid }) => uuid === data.uuid);
      if (gone !== undefined) this.#clients.tellOld(JSON.stringify(oldFrame(gone, true)));
    }
  }

  #checksOf(uuid: string): ExportedFacts['checks'] {
    return this.#facts?.node.uuid === uuid ? this.#facts.checks : [];
  }

  #tell(changes: Change[]): void {
    for (const change of changes)
      this.#clients.tell(JSON.stringify(this.#journal.add(change, this.#ctx.clock.now())));
  }

  /** The first frame: all there is, or where a client left off what it has missed. An old client gets none. */
  #welcome({ url, send }: Client): 'stream' | 'old' {
    if (url.pathname !== streamPath) return 'old';
    const { stream } = this.#journal;
    const after = url.searchParams.get('after');
    const missed =
      after === null ? undefined : this.#journal.since(url.searchParams.get('stream'), Number(after));
    if (missed !== undefined) {
      send(JSON.stringify({ type: 'resumed', stream, seq: Number(after) }));
      for (const event of missed) send(JSON.stringify(event));
      return 'stream';
    }
    this.#first ??= this.#snapshotFrame();
    send(this.#first);
    return 'stream';
  }

  #snapshotFrame(): Buffer {
    const { stream, seq } = this.#journal;
    const { node, groups = [], checks = [] } = this.#facts ?? {};
    const at = new Date(this.#ctx.clock.now()).toISOString();
    const data = { node, groups, checks, nodes: this.#nodes?.nodes ?? [] };
    return Buffer.from(JSON.stringify({ type: 'snapshot', stream, seq, at, data }));
  }
}
