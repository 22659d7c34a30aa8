import { spawn } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { encode } from '@msgpack/msgpack';
import type { StartMember } from './member-process.ts';

const rpcPort = 7373;

/** HashiCorp's serf as it is installed, sealed by the same key and with the profile of a local network. It tells of others in its log, at once. */
export const startSerf: StartMember = (name, address, { port, key }, onSeen) => {
  const listen = [`-bind=${address}:${port}`, `-rpc-addr=${address}:${rpcPort}`];
  const rest = [`-encrypt=${key}`, '-profile=lan', '-log-level=info'];
  const child = spawn('serf', ['agent', `-node=${name}`, ...listen, ...rest], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let rpc: Socket | undefined;
  const listening = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`serf ${name} ended`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [, event, other = ''] = /serf: EventMember(Join|Failed|Leave): (\S+)/.exec(line) ?? [];
      if (event !== undefined) onSeen(other, event === 'Join' ? 'alive' : 'dead');
      // Its last word at the start: the port of the RPC is open.
      else if (/Serf agent running/.test(line))
        shakeHands(address).then((socket) => {
          rpc = socket;
          resolve();
        }, reject);
    });
  });
  const join = (to: string): void => {
    const body = encode({ Existing: [`${to}:${port}`], Replay: false });
    rpc?.write(Buffer.concat([encode({ Command: 'join', Seq: 1 }), body]));
  };
  return { child, listening, join };
};

/** Opens serf's RPC: a header, then a body, both MessagePack. */
function shakeHands(address: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port: rpcPort });
    socket.on('error', reject);
    socket.once('data', () => resolve(socket));
    socket.write(Buffer.concat([encode({ Command: 'handshake', Seq: 0 }), encode({ Version: 1 })]));
    socket.resume();
  });
}
