import { serviceContext, testFacts } from 'opsbro/sdk/testing';
import { expect, it } from 'vitest';
import { VirtualTime } from '../simulation/virtual-time.ts';
import type { Options } from './options.ts';
import { OwnWord } from './own-word.ts';

it('tells when this host gets other addresses, and keeps the last ones while it has none', () => {
  const timers = new VirtualTime();
  const options = { address: '0.0.0.0', zone: '', proxy: false, display_name: '' } as unknown as Options;
  const { log, clock } = serviceContext<Options>({ options, name: 'gossip' });
  let addresses: string[] = [];
  const told: string[][] = [];
  const word: OwnWord = new OwnWord(
    {
      options,
      log,
      clock,
      timers,
      hasKey: true,
      port: 6768,
      live: () => 1,
      addresses: () => addresses,
      onChange: () => told.push(word.record.addresses),
    },
    testFacts(),
  );
  expect(word.record.addresses).toEqual(['127.0.0.1']);
  for (const next of [['10.0.0.1'], [], ['10.0.0.1'], ['10.0.0.2', 'fd00::2']]) {
    addresses = next;
    timers.pass(5000);
  }
  expect(told).toEqual([['10.0.0.1'], ['10.0.0.2', 'fd00::2']]);
  word.stop();
  addresses = ['10.0.0.3'];
  timers.pass(60_000);
  expect(word.record.addresses).toEqual(['10.0.0.2', 'fd00::2']);
});
