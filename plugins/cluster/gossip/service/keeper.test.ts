import type { Log } from 'opsbro/sdk';
import { expect, it } from 'vitest';
import type { GossipNode } from '../gossip-node.ts';
import { VirtualTime } from '../simulation/virtual-time.ts';
import { Keeper } from './keeper.ts';
import type { SavedTable } from './saved-table.ts';

it('says once that members cannot be saved, and once that they can again', async () => {
  const time = new VirtualTime();
  const lines: string[] = [];
  let isFull = true;
  const write = async (): Promise<void> => {
    if (isFull) throw new Error('no space left');
  };
  const keeper = new Keeper({
    uuid: 'me',
    saved: { put: write, saveRows: write } as unknown as SavedTable,
    timers: time,
    log: { warn: (line: string) => void lines.push(line) } as unknown as Log,
    node: () => ({ member: () => undefined, members: () => [], rows: () => [] }) as unknown as GossipNode,
    isMember: () => true,
    history: () => [],
  });
  const save = async (): Promise<void> => {
    keeper.soon();
    time.pass(10_000);
    await new Promise(setImmediate);
  };
  for (let turn = 0; turn < 3; turn += 1) await save();
  expect(lines).toEqual(['members are not saved: no space left']);
  isFull = false;
  for (let turn = 0; turn < 3; turn += 1) await save();
  expect(lines.slice(1)).toEqual(['members are saved again']);
});
