import type { Json } from 'opsbro/sdk';
import { describe, expect, it } from 'vitest';
import { causeOfDeath, Quarantine } from '../../../core/quarantine/quarantine.ts';

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
    expect(await first.quarantine.accuse(['collector/bad'], 'abort', 5)).toEqual({
      quarantined: ['collector/bad'],
      suspected: [],
    });
    const second = quarantine();
    for (const [key, value] of first.kept) second.quarantine.restore(key.slice('quarantine/'.length), value);
    expect(second.quarantine.get('collector/bad')).toEqual({
      reason: 'the agent died while it ran',
      since: 5,
    });
  });

  it('makes several plugins suspects until the agent survives a run of each', async () => {
    const { quarantine: subject, kept } = quarantine();
    const both = ['collector/a', 'collector/b'];
    expect(await subject.accuse(both, 'abort', 5)).toEqual({ quarantined: [], suspected: both });
    await subject.clear('collector/a');
    expect(both.map((plugin) => subject.isSuspect(plugin))).toEqual([false, true]);
    expect([...kept.keys()]).toEqual(['suspect/collector/b']);
  });

  it('quarantines the suspect that ran when the agent died again, whatever else ran', async () => {
    const first = quarantine();
    await first.quarantine.accuse(['collector/bad', 'collector/a'], 'abort', 5);
    const second = quarantine();
    for (const [key, value] of first.kept)
      second.quarantine.restoreSuspect(key.slice('suspect/'.length), value);
    expect(
      await second.quarantine.accuse(['collector/b', 'collector/bad', 'collector/c'], 'abort', 6),
    ).toEqual({
      quarantined: ['collector/bad'],
      suspected: [],
    });
    expect(second.quarantine.isSuspect('collector/bad')).toBe(false);
    expect(second.quarantine.isSuspect('collector/b')).toBe(false);
    expect(second.quarantine.isSuspect('collector/a')).toBe(true);
  });

  it('accuses nobody when nothing ran, or only what is quarantined', async () => {
    const { quarantine: subject, kept } = quarantine();
    await subject.add('collector/bad', 'why', 1);
    expect(await subject.accuse(['collector/bad'], 'abort', 5)).toEqual({ quarantined: [], suspected: [] });
    expect(await subject.accuse([], 'abort', 5)).toEqual({ quarantined: [], suspected: [] });
    expect([...kept.keys()]).toEqual(['quarantine/collector/bad']);
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

  it('accuses nobody of a death that somebody else caused', async () => {
    const { quarantine: subject, kept } = quarantine();
    expect(await subject.accuse(['collector/a'], 'killed', 5)).toEqual({ quarantined: [], suspected: [] });
    expect(kept.size).toBe(0);
  });

  it('suspects the one that ran when nobody saw the death, and quarantines it only the fourth time in a row', async () => {
    const one = ['listener/a'];
    let kept = new Map<string, Json>();
    const die = async () => {
      const next = quarantine();
      for (const [key, value] of kept) next.quarantine.restoreSuspect(key.slice('suspect/'.length), value);
      const found = await next.quarantine.accuse(one, 'unknown', 5);
      kept = new Map([...kept, ...next.kept]);
      return found;
    };
    for (const _ of [1, 2, 3]) expect(await die()).toEqual({ quarantined: [], suspected: one });
    expect(await die()).toEqual({ quarantined: one, suspected: [] });
  });

  it('counts anew after the agent has survived a run', async () => {
    const { quarantine: subject } = quarantine();
    for (const _ of [1, 2, 3]) await subject.accuse(['listener/a'], 'unknown', 5);
    await subject.clear('listener/a');
    expect((await subject.accuse(['listener/a'], 'unknown', 6)).quarantined).toEqual([]);
  });

  it('quarantines at the first abort that was seen, however the agent died before', async () => {
    const { quarantine: subject } = quarantine();
    await subject.accuse(['listener/a', 'listener/b'], 'unknown', 5);
    expect((await subject.accuse(['listener/a'], 'abort', 6)).quarantined).toEqual(['listener/a']);
  });

  it.each([
    [undefined, 'unknown'],
    [1, 'unknown'],
    [133, 'abort'],
    [134, 'abort'],
    [139, 'abort'],
    [137, 'killed'],
    [143, 'killed'],
  ])('reads exit status %s as %s', (status, cause) => {
    expect(causeOfDeath(status)).toBe(cause);
  });
});
