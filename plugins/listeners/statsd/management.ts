import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { inspect } from 'node:util';
import { type Kind, kind } from './grammar/kinds.ts';
import type { NameTable } from './grammar/name-table.ts';
import type { Counts } from './grammar/parser.ts';
import type { Columns } from './interval/columns.ts';

/** What the commands look at. */
export interface Managed {
  table: NameTable;
  columns: Columns;
  counts: Counts;
  /** What `config` prints. */
  settings: object;
  /** Epoch seconds. */
  now(): number;
  /** What the kernel dropped for want of room, and the room that it gives; undefined where it does not tell. */
  kernel(): { drops: number | undefined; buffer: { asked: number; granted: number } | undefined };
}

const maxConnections = 16;
const maxCommandChars = 4096;
/** Listing more would hold up packets. */
const mostListed = 10_000;
const help =
  'Commands: stats, counters, timers, gauges, delcounters, deltimers, delgauges, health, config, quit\n\n';
const deletable = new Map<string, readonly Kind[]>([
  ['delcounters', [kind.counter, kind.meter]],
  ['deltimers', [kind.timer]],
  ['delgauges', [kind.gauge]],
]);

/** The management port of the original: a word a line, answered as text. On loopback alone, since it takes orders from anybody. */
export class Management {
  readonly #managed: Managed;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #startedAt: number;
  #health = 'up';
  #lastSeen: { packets: number; at: number };

  constructor(managed: Managed) {
    this.#managed = managed;
    this.#startedAt = managed.now();
    this.#lastSeen = { packets: managed.counts.packets, at: this.#startedAt };
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#connected(socket));
    this.#server.maxConnections = maxConnections;
  }

  /** Bytes of answers that nobody has read yet. */
  get unread(): number {
    return [...this.#sockets].reduce((sum, { writableLength }) => sum + writableLength, 0);
  }

  /** Resolves with the port. Rejects where it cannot be had. */
  async open(port: number): Promise<number> {
    const listening = once(this.#server, 'listening');
    this.#server.listen({ host: '127.0.0.1', port, exclusive: true });
    await listening;
    this.#server.on('error', () => undefined);
    return (this.#server.address() as { port: number }).port;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** To be called now and then: `stats` tells when a packet was last seen. */
  look(): void {
    const { packets } = this.#managed.counts;
    if (packets !== this.#lastSeen.packets) this.#lastSeen = { packets, at: this.#managed.now() };
  }

  /** What a line is answered with; null ends the connection. */
  answer(line: string): string | null {
    const [word = '', ...names] = line.trim().split(/\s+/);
    const { columns } = this.#managed;
    const removable = deletable.get(word);
    if (removable !== undefined) return this.#remove(removable, names);
    if (word === 'help') return help;
    if (word === 'quit') return null;
    if (word === 'stats') return this.#stats();
    if (word === 'health') {
      const wanted = names[0]?.toLowerCase();
      if (wanted === 'up' || wanted === 'down') this.#health = wanted;
      return `health: ${this.#health}\n`;
    }
    if (word === 'config')
      return `\n${Object.entries(this.#managed.settings)
        .map(([key, value]) => `${key}: ${value}\n`)
        .join('')}`;
    if (word === 'counters')
      return listing(this.#named([kind.counter, kind.meter], (slot) => columns.valueOf(slot)));
    if (word === 'gauges') return listing(this.#named([kind.gauge], (slot) => columns.valueOf(slot)));
    if (word !== 'timers') return 'ERROR\n';
    const values = columns.timerValues();
    return listing(this.#named([kind.timer], (slot) => values.get(slot) ?? []));
  }

  #stats(): string {
    this.look();
    const { counts, now, kernel } = this.#managed;
    const { drops, buffer } = kernel();
    const bad = Object.values(counts.bad).reduce((sum, count) => sum + count, 0);
    const reasons = Object.entries(counts.bad).filter(([, count]) => count > 0);
    return [
      `uptime: ${now() - this.#startedAt}`,
      `messages.last_msg_seen: ${now() - this.#lastSeen.at}`,
      `messages.bad_lines_seen: ${bad}`,
      ...reasons.map(([reason, count]) => `messages.bad_lines_seen.${reason}: ${count}`),
      `messages.packets_received: ${counts.packets}`,
      `messages.metrics_received: ${counts.metrics}`,
      ...(drops === undefined ? [] : [`messages.kernel_drops: ${drops}`]),
      ...(buffer === undefined
        ? []
        : [`receive_buffer.asked: ${buffer.asked}`, `receive_buffer.granted: ${buffer.granted}`]),
      'END\n\n',
    ].join('\n');
  }

  #remove(kinds: readonly Kind[], names: string[]): string {
    const found = this.#named(kinds, (slot) => slot);
    const said = names.flatMap((name) => {
      const folder = name.endsWith('.*') ? name.slice(0, -1) : undefined;
      const meant = Object.keys(found).filter(
        (one) => one === name || (folder !== undefined && one.startsWith(folder)),
      );
      this.#managed.columns.remove(meant.map((one) => found[one]!));
      return meant.length === 0 ? [`metric ${name} not found\n`] : meant.map((one) => `deleted: ${one}\n`);
    });
    return `${said.join('')}END\n\n`;
  }

  #named<Value>(kinds: readonly Kind[], read: (slot: number) => Value): { [name: string]: Value } {
    const { table, columns } = this.#managed;
    const named: { [name: string]: Value } = Object.create(null);
    for (let slot = 0; slot < table.size; slot += 1)
      if (kinds.includes(table.kinds[slot]!) && columns.isKnown(slot))
        named[`${table.bases[slot]}${table.tags[slot]}`] = read(slot);
    return named;
  }

  #connected(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setEncoding('latin1');
    socket.setTimeout(60_000, () => socket.destroy());
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    void this.#serve(socket).catch(() => socket.destroy());
  }

  /** A part is a command, as with the original: its clients end theirs with a line's end or with nothing. Who does not read gets no more answers. */
  async #serve(socket: Socket): Promise<void> {
    for await (const part of socket.iterator({ destroyOnReturn: false })) {
      const lines = `${part}`.slice(0, maxCommandChars).split('\n');
      for (const line of lines.filter((one, at) => at === 0 || one.trim() !== '')) {
        const answer = this.answer(line);
        if (answer === null) return void socket.end();
        if (!socket.write(answer)) await once(socket, 'drain');
      }
    }
    socket.end();
  }
}

function listing(named: object): string {
  const first = Object.entries(named).slice(0, mostListed);
  const text = inspect(Object.fromEntries(first), { maxArrayLength: 1000 });
  return `${text}\nEND\n\n`;
}
