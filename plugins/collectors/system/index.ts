import { hostname, machine, networkInterfaces, userInfo } from 'node:os';
import { defineCollector } from 'opsbro/sdk';
import { collectSystem } from './collect.ts';

export default defineCollector({
  collect: (ctx) =>
    collectSystem(ctx, {
      machine: machine(),
      hostname: hostname(),
      ...user(),
      addresses: networkInterfaces(),
    }),
});

function user(): { user: string; uid: number; gid: number } {
  try {
    const { username, uid, gid } = userInfo();
    return { user: username, uid, gid };
  } catch {
    // A number without an entry in /etc/passwd, as containers often run under.
    const uid = process.getuid?.() ?? -1;
    return { user: String(uid), uid, gid: process.getgid?.() ?? -1 };
  }
}
