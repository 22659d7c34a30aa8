import { describe, expect, it } from 'vitest';
import { ZoneTree } from './zone-tree.ts';

// internet > lan > (dmz, dc1 > rack), internet > other
const definitions = [
  { name: 'internet', 'sub-zones': ['lan', 'other'] },
  { name: 'lan', 'sub-zones': ['dmz', 'dc1'] },
  { name: 'dc1', 'sub-zones': ['rack'] },
];
const from = (own: string) => new ZoneTree(definitions, own);

describe('a tree of zones', () => {
  it.each([
    ['lan', 'lan', false, true],
    ['lan', 'dc1', false, true],
    ['lan', 'rack', false, true],
    ['lan', 'internet', true, true],
    ['lan', 'internet', false, false],
    ['lan', 'other', true, false],
    ['rack', 'internet', true, true],
    ['dmz', 'dc1', true, false],
    ['lan', 'unheard-of', true, false],
  ])('from %s, shows of %s a node (proxy: %s): %s', (own, zone, proxy, isSeen) => {
    expect(from(own).sees({ zone, proxy })).toBe(isSeen);
  });

  it('knows the zones next to ours and all that are seen', () => {
    expect(from('lan').adjoining).toEqual(['dc1', 'dmz', 'internet']);
    expect(from('dmz').visible).toEqual(['dmz', 'internet', 'lan']);
    expect(from('unheard-of').visible).toEqual(['unheard-of']);
  });

  it.each([
    ['lan', 'dc1', 'rack', true],
    ['lan', 'dc1', 'lan', false],
    ['lan', 'dc1', 'dmz', false],
    ['lan', 'internet', 'internet', true],
    ['lan', 'internet', 'rack', false],
    ['lan', 'other', 'internet', false],
  ])('in %s, lets %s speak for %s: %s', (own, speaker, zone, may) => {
    expect(from(own).maySpeak(speaker, zone)).toBe(may);
  });

  it.each([
    ['dc1', 'lan', { zone: 'rack' }, true],
    ['dc1', 'lan', { zone: 'dc1' }, true],
    ['lan', 'dc1', { zone: 'lan', proxy: false }, false],
    ['lan', 'dc1', { zone: 'internet', proxy: true }, true],
    ['lan', 'dc1', { zone: 'dmz', proxy: true }, false],
  ])('of %s, tells %s about %j: %s', (own, to, node, isTold) => {
    expect(from(own).isToldTo(to, node)).toBe(isTold);
  });

  it('finds the way up and down, and none across', () => {
    expect(from('rack').pathTo('internet')).toEqual(['rack', 'dc1', 'lan', 'internet']);
    expect(from('internet').pathTo('rack')).toEqual(['internet', 'lan', 'dc1', 'rack']);
    expect(from('dmz').pathTo('rack')).toBeUndefined();
  });

  it.each([
    [
      [
        { name: 'a', 'sub-zones': ['b'] },
        { name: 'b', 'sub-zones': ['a'] },
      ],
      /below itself/,
    ],
    [[{ name: 'a', 'sub-zones': ['a'] }], /below itself/],
    [
      [
        { name: 'a', 'sub-zones': ['c'] },
        { name: 'b', 'sub-zones': ['c'] },
      ],
      /'c' is below 'a' and below 'b'/,
    ],
    [[{ name: '', 'sub-zones': [] }], /no name/],
  ])('refuses %j', (wrong, message) => {
    expect(() => new ZoneTree(wrong, 'a')).toThrow(message);
  });
});
