import { expect, it } from 'vitest';
import type { Receiver } from '../transport.ts';
import { VirtualNetwork, type Weather } from './virtual-network.ts';
import { seededRandom, VirtualTime } from './virtual-time.ts';

function pair(weather: Partial<Weather> = {}) {
  const time = new VirtualTime();
  const network = new VirtualNetwork(time, seededRandom(1), weather);
  const got: number[] = [];
  const receiver: Receiver = {
    receive: (_from, packet) => got.push(packet[0] ?? -1) < 0,
    answer: (packet, reply) => reply(packet),
  };
  const a = network.transport('a');
  network.transport('b');
  network.attach('b', receiver);
  return { time, network, got, a };
}

it('rings alarms in order, and not those that are off', () => {
  const time = new VirtualTime();
  const rung: string[] = [];
  time.after(20, () => rung.push('c'));
  time.after(10, () => rung.push('a'));
  time.after(10, () => rung.push('b'));
  time.after(15, () => rung.push('off'))();
  time.after(30, () => rung.push('late'));
  time.pass(20);
  expect([rung.join(), time.now()]).toEqual(['a,b,c', 20]);
});

it('loses, doubles and reorders by the shares it is given', () => {
  const { time, got, a } = pair({ loss: 0.3, duplication: 0.2, maxDelayMs: 50 });
  for (let index = 0; index < 200; index += 1) a.send('b', Uint8Array.of(index));
  time.pass(100);
  expect(got.length).toBeGreaterThan(130);
  expect(got.length).toBeLessThan(205);
  expect(new Set(got).size).toBeLessThan(got.length);
  expect(got).not.toEqual([...got].sort((one, two) => one - two));
});

it('holds packets for who stands still, and loses those for who is cut off', () => {
  const { time, network, got, a } = pair();
  network.freeze('b');
  a.send('b', Uint8Array.of(1));
  time.pass(10);
  expect(got).toEqual([]);
  network.thaw('b');
  network.cut((from, to) => from === 'a' && to === 'b');
  a.send('b', Uint8Array.of(2));
  time.pass(10);
  network.heal();
  expect(got).toEqual([1]);
});

it('holds what a blocked endpoint sends, and sends it before anything is read', () => {
  const { time, network, got, a } = pair();
  network.attach('a', { receive: () => false, answer: (_packet, reply) => reply(undefined) });
  network.block('a');
  a.send('b', Uint8Array.of(1));
  a.send('b', Uint8Array.of(2));
  time.pass(10);
  expect(got).toEqual([]);
  network.unblock('a');
  time.pass(10);
  expect(got.sort()).toEqual([1, 2]);
  network.unblock('a');
});

it('answers an exchange once: at once, with nothing where nobody listens, with nothing after ten seconds where it is cut', () => {
  const { time, network, a } = pair();
  const answers: [number, unknown][] = [];
  const note = (answer: unknown): undefined => {
    answers.push([Math.floor(time.now() / 1000), answer]);
  };
  a.exchange('nobody', Uint8Array.of(5), note);
  time.pass(1000);
  a.exchange('b', Uint8Array.of(5), note);
  time.pass(1000);
  network.cut(() => true);
  a.exchange('b', Uint8Array.of(5), note);
  time.pass(20_000);
  expect(answers).toEqual([
    [0, undefined],
    [1, Uint8Array.of(5)],
    [12, undefined],
  ]);
});
