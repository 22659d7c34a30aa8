import { defineService, type NodeDetailsSnapshot, type NodesSnapshot, type ServiceContext } from 'opsbro/sdk';
import { Answers } from './answers.ts';
import { openBoth } from './open-both.ts';
import { type Options, type Settings, settingsOf } from './options.ts';
import { packPorts } from './pack-ports.ts';
import { RateLimiter } from './rate-limiter.ts';
import { Responder } from './responder.ts';
import { TcpDoor } from './tcp-door.ts';
import { UdpDoor } from './udp-door.ts';
import { ZoneTable } from './zone-table.ts';

/** The service while it runs: two doors, and a responder that knows the nodes of the last snapshot. */
class Dns {
  readonly #ctx: ServiceContext<Options>;
  readonly #settings: Settings;
  readonly #responder: Responder;
  readonly #udp: UdpDoor;
  readonly #tcp: TcpDoor;
  readonly #encoded = new Map<string, Buffer>();
  #details: NodeDetailsSnapshot = {};
  #nodes: NodesSnapshot | undefined;
  /** Ports by the parameters of packs. */
  #packPorts: ReadonlyMap<string, number> = new Map();
  #isAsking = false;
  #asksAgain = false;

  constructor(ctx: ServiceContext<Options>) {
    const { clock } = ctx;
    this.#ctx = ctx;
    this.#settings = settingsOf(ctx.options);
    const responder = new Responder({
      ...this.#settings,
      limiter: new RateLimiter(),
      monotonic: () => clock.monotonic(),
    });
    this.#responder = responder;
    this.#udp = new UdpDoor(this.#settings.address, (query, length, client, out) =>
      responder.respond(query, length, client, out),
    );
    this.#tcp = new TcpDoor((query, length, out) => responder.respond(query, length, null, out));
  }

  async open(): Promise<void> {
    const { signal, log, subscribe } = this.#ctx;
    const { address, port } = this.#settings;
    signal.throwIfAborted();
    try {
      const taken = await openBoth(this.#udp, this.#tcp, address, port);
      log.info(`answers on ${address.includes(':') ? `[${address}]` : address}:${taken}`);
    } catch (error) {
      throw new Error(whyNot(error as NodeJS.ErrnoException, this.#settings));
    }
    subscribe('nodes', (nodes) => {
      this.#nodes = nodes as unknown as NodesSnapshot;
      this.#use();
    });
    // Routes are told anew after each reload, which may have changed parameters.
    subscribe('routes', () => void this.#learnPorts());
    subscribe('node-details', (details) => {
      this.#details = details as unknown as NodeDetailsSnapshot;
      this.#responder.forget();
    });
  }

  /** Learns the ports of packs anew; what comes meanwhile is learnt once more, together. */
  async #learnPorts(): Promise<void> {
    this.#asksAgain = this.#isAsking;
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      this.#packPorts = await packPorts(this.#ctx);
      this.#use();
    } catch (error) {
      if (!this.#ctx.signal.aborted)
        this.#ctx.log.warn(`ports of packs are not known: ${(error as Error).message}`);
    }
    this.#isAsking = false;
    if (this.#asksAgain && !this.#ctx.signal.aborted) await this.#learnPorts();
  }

  async close(): Promise<void> {
    await Promise.all([this.#udp.close(), this.#tcp.close()]);
  }

  #use(): void {
    const nodes = this.#nodes;
    if (nodes === undefined) return;
    const table = new ZoneTable(nodes, () => this.#details, this.#settings);
    const { domain, ttlSeconds, ports } = this.#settings;
    const rules = {
      domain,
      ttlSeconds,
      portOf: (group: string) => ports.get(group) ?? this.#packPorts.get(group),
      now: () => this.#ctx.clock.now(),
      monotonic: () => this.#ctx.clock.monotonic(),
    };
    this.#responder.use(new Answers(table, rules, this.#encoded));
  }
}

function whyNot({ code, message }: NodeJS.ErrnoException, { address, port }: Settings): string {
  const where = `${address}:${port}`;
  if (code === 'EADDRINUSE') return `${where} is in use; give 'dns' another 'port' in the configuration`;
  if (code === 'EADDRNOTAVAIL') return `${where}: this host has no such address`;
  if (code === 'EACCES') return `${where}: only root may take a port below 1024`;
  return `cannot listen on ${where}: ${code ?? message}`;
}

let running: Dns | undefined;

/** The nodes of the cluster by name, over DNS. */
export default defineService<Options>({
  async start(ctx) {
    running = new Dns(ctx);
    await running.open();
  },
  async stop() {
    await running?.close();
    running = undefined;
  },
});
