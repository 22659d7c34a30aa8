import { scryptSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { PushClock } from '../test-push.ts';
import type { Asked } from './door.ts';
import { WebPassword } from './web-password.ts';

const plain = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');
const salt = Buffer.alloc(16, 3);
const kept = `ann:$scrypt$ln=10,r=8,p=1$${plain(salt)}$${plain(scryptSync('hunter2', salt, 32, { N: 1024, r: 8, p: 1 }))}`;
const asked = (text: string): Asked => ({
  ...{ method: 'GET', path: '/', query: new URLSearchParams(), peer: '', body: Buffer.alloc(0) },
  headers: { authorization: `Basic ${Buffer.from(text).toString('base64')}` },
});

it('lets in who knows it, kept in clear or as a hash, and nobody else', async () => {
  const clock = new PushClock();
  for (const wanted of ['ann:hunter2', kept]) {
    const password = new WebPassword(wanted, clock);
    await password.check(asked('ann:hunter2'), '192.0.2.1');
    for (const other of ['ann:hunter3', 'bob:hunter2', 'ann:', 'ann', kept])
      await expect(password.check(asked(other), '192.0.2.2')).rejects.toMatchObject({ status: 401 });
  }
  await new WebPassword('', clock).check(asked(''), '192.0.2.1');
});

it('hashes five tries of an address at most, then one in twelve seconds, before it looks at them', async () => {
  const clock = new PushClock();
  const password = new WebPassword(kept, clock);
  const tries = async (count: number) => {
    const statuses = [];
    for (let turn = 0; turn < count; turn += 1)
      statuses.push(await password.check(asked(`ann:${turn}`), '192.0.2.1').catch(({ status }) => status));
    return statuses;
  };
  expect(await tries(7)).toEqual([401, 401, 401, 401, 401, 429, 429]);
  await password.check(asked('ann:hunter2'), '192.0.2.9');
  await password.check(asked('ann:hunter2'), '192.0.2.1');
  clock.advance(12_000);
  expect(await tries(2)).toEqual([401, 429]);
});

it('looks at two at once', async () => {
  const password = new WebPassword(kept, new PushClock());
  const all = Array.from({ length: 4 }, (_, index) =>
    password.check(asked(`ann:${index}`), `192.0.2.${index}`).catch(({ status }) => status),
  );
  expect((await Promise.all(all)).sort()).toEqual([401, 401, 503, 503]);
});

it('hashes once for the requests of a page, and not again while it is used', async () => {
  const clock = new PushClock();
  const password = new WebPassword(kept, clock);
  const page = () =>
    Promise.all(Array.from({ length: 12 }, () => password.check(asked('ann:hunter2'), '192.0.2.1')));
  await page();
  const wrong = () => password.check(asked('ann:wrong'), '192.0.2.1').catch(({ status }) => status);
  // One try was used up of five.
  for (let turn = 0; turn < 4; turn += 1) expect(await wrong()).toBe(401);
  expect(await Promise.all([wrong(), wrong()])).toEqual([429, 429]);
  for (let minute = 0; minute < 60; minute += 4) {
    clock.advance(240_000);
    // Who used all tries up is let in as known only.
    for (let turn = 0; turn < 5; turn += 1) await wrong();
    expect(await wrong()).toBe(429);
    await page();
  }
  clock.advance(300_000);
  for (let turn = 0; turn < 5; turn += 1) await wrong();
  await expect(page()).rejects.toMatchObject({ status: 429 });
});

it('refuses a hash that is none', () => {
  expect(() => new WebPassword('ann:$scrypt$x', new PushClock())).toThrow('opsbro push password USER');
});
