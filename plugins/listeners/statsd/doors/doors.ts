import type { ServiceContext, UnixDatagrams } from 'opsbro/sdk';
import type { Settings } from '../options.ts';
import { TcpDoor } from './tcp-door.ts';
import { type TakePacket, UdpDoor } from './udp-door.ts';

/** What comes through the doors. */
export interface Taken {
  packet: TakePacket;
  /** A line of a stream that is longer than a packet may be. */
  tooLong(): void;
}

/** All the ways by which packets come in. */
export class Doors {
  /** The ports that were taken. */
  readonly port: { udp?: number; tcp?: number } = {};
  receiveBuffer: { asked: number; granted: number } | undefined;
  readonly #ctx: Pick<ServiceContext, 'log' | 'takeUnixDatagrams'>;
  readonly #settings: Settings;
  readonly #taken: Taken;
  #udp: UdpDoor | undefined;
  #tcp: TcpDoor | undefined;
  #unix: UnixDatagrams | undefined;

  constructor(ctx: Pick<ServiceContext, 'log' | 'takeUnixDatagrams'>, settings: Settings, taken: Taken) {
    this.#ctx = ctx;
    this.#settings = settings;
    this.#taken = taken;
  }

  /** Rejects where one of them cannot be had, with what to do. */
  async open(): Promise<void> {
    const { udp, tcp, socket, port } = this.#settings;
    if (udp) await this.openAt(port, 'port', () => this.#openUdp());
    if (tcp) await this.openAt(port, 'port', () => this.#openTcp());
    if (socket === '') return;
    this.#unix = await this.#ctx.takeUnixDatagrams(socket, this.#taken.packet);
    this.#ctx.log.info(`takes packets at ${socket}`);
  }

  async close(): Promise<void> {
    this.#unix?.close();
    await Promise.all([this.#udp?.close(), this.#tcp?.close()]);
  }

  /** Opens something at a port that `option` sets. */
  async openAt<Result>(
    port: number,
    option: string,
    open: (port: number) => Promise<Result>,
  ): Promise<Result> {
    try {
      return await open(port);
    } catch (error) {
      throw new Error(whyNot(error as NodeJS.ErrnoException, `port ${port}`, option), { cause: error });
    }
  }

  async #openUdp(): Promise<void> {
    const { address, port, receiveBytes } = this.#settings;
    const { log } = this.#ctx;
    this.#udp = new UdpDoor(address, receiveBytes, this.#taken.packet);
    const { port: taken, grantedBytes } = await this.#udp.open(address, port);
    this.port.udp = taken;
    this.receiveBuffer = { asked: receiveBytes, granted: grantedBytes };
    log.info(`takes packets on ${shown(address, taken)}, UDP`, {
      receive_buffer_asked: receiveBytes,
      receive_buffer_granted: grantedBytes,
    });
    if (grantedBytes < receiveBytes) log.warn(tooSmall(receiveBytes, grantedBytes));
  }

  async #openTcp(): Promise<void> {
    const { address, port } = this.#settings;
    this.#tcp = new TcpDoor(this.#taken.packet, this.#taken.tooLong);
    this.port.tcp = await this.#tcp.open(address, port === 0 ? (this.port.udp ?? 0) : port);
    this.#ctx.log.info(`takes lines on ${shown(address, this.port.tcp)}, TCP`);
  }
}

/** The kernel counts its own bookkeeping too, and grants twice what it was asked for. */
function tooSmall(asked: number, granted: number): string {
  return (
    `the kernel lets ${granted} bytes of datagrams wait for it, not the ${asked} of 'receive_buffer': ` +
    `'sysctl -w net.core.rmem_max=${Math.ceil(asked / 2)}' and a restart give it all, since the kernel doubles that`
  );
}

function shown(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function whyNot({ code, message }: NodeJS.ErrnoException, where: string, option: string): string {
  if (code === 'EADDRINUSE')
    return `${where} is in use; give 'statsd' another '${option}' in the configuration`;
  if (code === 'EADDRNOTAVAIL') return "'address' is none of this host";
  if (code === 'EACCES') return `${where}: only root may take a port below 1024`;
  return `cannot listen on ${where}: ${code ?? message}`;
}
