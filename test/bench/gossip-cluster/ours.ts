import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { StartMember } from './member-process.ts';
import type { Seen } from './views.ts';

const file = fileURLToPath(new URL('./member.js', import.meta.url));

/** One of ours: see `member.ts`. */
export const startOurs: StartMember = (name, address, { port, key }, onSeen) => {
  const child = spawn(process.execPath, [file, name, address, `${port}`, key], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  // A member that is killed cannot read.
  child.stdin.on('error', () => undefined);
  const listening = new Promise<void>((resolve, reject) => {
    child.once('exit', () => reject(new Error(`${name} ended`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [what, ...rest] = line.split(' ');
      if (what === 'listening') resolve();
      else if (what === 'error') reject(new Error(`${name}: ${rest.join(' ')}`));
      else onSeen(rest.join(' '), what as Seen);
    });
  });
  return { child, listening, join: (to) => void child.stdin.write(`join ${to}:${port}\n`) };
};
