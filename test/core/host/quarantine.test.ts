import type { Json } from 'opsbro/sdk';
import { describe, expect, it } from 'vitest';
import { Quarantine } from '../../../core/host/quarantine.ts';

function quarantine(): { quarantine: Quarantine; kept: Map<string, Json> } {
  const kept = new Map<string, Json>();
  const store = {
    async put(batch: { put?: [string, Json][]; del?: string[] }) {
      for (const [key, value] of batch.put ?? []) kept.set(key, value);
      for (const key of batch.del ?? []) kept.delete(key);
    },
  };
  return { quarantine: new Quarantine(store), kept };
}

describe('quarantine', () => {
  it('takes the one plugin that ran when the agent died, and keeps that over restarts', async () => {
    const first = quarantine();
    expect(await first.quarantine.accuse(['collector/bad'], 5)).toEqual(['collector/bad']);
    const second = quarantine();
    for (const [key, value] of first.kept) second.quarantine.restore(key.slice('quarantine/'.length), value);
    expect(second.quarantine.get('collector/bad')).toEqual({
      reason: 'the agent died while it ran',
      since: 5,
    });
  });

  it('makes several plugins suspects, and clears each after a clean run', async () => {
    const { quarantine: subject } = quarantine();
    expect(await subject.accuse(['collector/a', 'collector/b'], 5)).toEqual([]);
    expect(subject.isSuspect('collector/a')).toBe(true);
    subject.clear('collector/a');
    expect(subject.isSuspect('collector/a')).toBe(false);
    expect(subject.isSuspect('collector/b')).toBe(true);
  });

  it('releases', async () => {
    const { quarantine: subject, kept } = quarantine();
    await subject.add('collector/bad', 'why', 1);
    expect(await subject.release('collector/bad')).toBe(true);
    expect(await subject.release('collector/bad')).toBe(false);
    expect(kept.size).toBe(0);
    expect(subject.get('collector/bad')).toBeUndefined();
  });

  it('ignores a damaged entry', () => {
    const { quarantine: subject } = quarantine();
    subject.restore('collector/a', 'text');
    expect(subject.get('collector/a')).toBeUndefined();
  });
});
