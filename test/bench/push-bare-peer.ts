import type { AddressInfo } from 'node:net';
import { ClassicLevel } from 'classic-level';
import fastify from 'fastify';

/** As little as takes a report and keeps it: Fastify, and a loop that writes what waits as one synced batch. */
const [, , folder = ''] = process.argv;
const db = new ClassicLevel(folder, { writeBufferSize: 16 * 1024 * 1024 });
await db.open();

let waiting: { key: string; value: string; done(): void }[] = [];
let isWriting = false;
let serial = 0;

async function write(): Promise<void> {
  isWriting = true;
  while (waiting.length > 0) {
    const group = waiting;
    waiting = [];
    await db.batch(
      group.map(({ key, value }) => ({ type: 'put' as const, key, value })),
      { sync: true },
    );
    for (const { done } of group) done();
  }
  isWriting = false;
}

const app = fastify();
app.post('/api/set/service/status', async (request) => {
  serial += 1;
  const key = String(serial).padStart(12, '0');
  await new Promise<void>((done) => {
    waiting.push({ key, value: JSON.stringify(request.body), done });
    if (!isWriting) void write();
  });
  return { ok: 1 };
});
await app.listen({ host: '127.0.0.1', port: 0 });
console.log((app.server.address() as AddressInfo).port);
