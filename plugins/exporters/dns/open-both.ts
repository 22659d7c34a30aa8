import type { TcpDoor } from './tcp-door.ts';
import type { UdpDoor } from './udp-door.ts';

const tries = 20;

/** Opens both doors on one port, and resolves with it. With port 0 on one that is free for both. Rejects where it cannot be had. */
export async function openBoth(udp: UdpDoor, tcp: TcpDoor, address: string, port: number): Promise<number> {
  for (let left = port === 0 ? tries : 1; ; left -= 1) {
    const taken = await tcp.open(address, port);
    try {
      return await udp.open(address, taken);
    } catch (error) {
      // A port that is free on TCP may be taken on UDP.
      if (left > 1 && (error as NodeJS.ErrnoException).code === 'EADDRINUSE') await tcp.close();
      else throw error;
    }
  }
}
