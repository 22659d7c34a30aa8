import { type Json, type JsonObject, passiveCheckId } from 'opsbro/sdk';
import { describe, expect, it } from 'vitest';
import { Interned } from '../../../configuration/policy/interned.ts';
import { passiveCheck } from '../../../configuration/policy/passive.ts';

const given: JsonObject = {
  id: 'push/check/web1/disk',
  name: 'web1/disk',
  display_name: 'web1 disk',
  interval: 60,
  labels: { server: 'web1', service: 'disk' },
  policy: {},
};

describe('passiveCheck', () => {
  it.each([
    ['nothing said', {}, { attempts: 1, forMs: 0, handlers: null, dependsOn: [], notes: '', shadow: false }],
    [
      'all of it said',
      {
        ...{ attempts: 3, for: '5m', volatile: true, flapping: false, handlers: ['mail'], depends_on: ['a'] },
        ...{ dependency_wait: '1m', runbook: 'r', notes: 'n', mode: 'shadow' },
        escalation: [
          { after: '2h', handlers: ['boss'] },
          { after: '1h', handlers: ['pager'] },
        ],
      },
      {
        ...{ attempts: 3, forMs: 300_000, volatile: true, flapping: { enabled: false }, handlers: ['mail'] },
        ...{ dependsOn: ['a'], dependencyWaitMs: 60_000, runbook: 'r', notes: 'n', shadow: true },
        escalation: [{ afterMs: 3_600_000 }, { afterMs: 7_200_000 }],
      },
    ],
  ])('makes an object of a check of others with %s of its policy', (_, policy, expected) => {
    const check = passiveCheck('listener/overc', { ...given, policy });
    expect(check).toMatchObject({
      ...{ kind: 'check', passive: true, id: 'push/check/web1/disk', pack: 'push', name: 'web1/disk' },
      ...{ plugin: 'listener/overc', displayName: 'web1 disk', intervalMs: 60_000, timeoutMs: 0 },
      ...{ enabled: true, ifGroup: null, onMissing: 'unknown', retryIntervalMs: null },
      labels: { server: 'web1', service: 'disk' },
      ...expected,
    });
  });

  it.each([' web1', '\u00a0web1', '\ufeffweb1', '', '  ', '/', '%20web1'])(
    'makes one of whatever host a service names, such as %j',
    (host) => {
      const id = passiveCheckId('push', host, 'disk');
      expect(passiveCheck('listener/overc', { ...given, id })?.id).toBe(id);
    },
  );

  it('gives checks of hosts with other names other ids', () => {
    const ids = [' web1', 'web1', '%20web1', '  web1', '\u00a0web1'].map((host) =>
      passiveCheckId('push', host, 'disk'),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  it.each<[string, Json]>([
    ['no mapping', []],
    ['an id of another form', { ...given, id: 'web1/disk' }],
    ['no name', { ...given, name: null }],
    ['no policy', { ...given, policy: null }],
  ])('makes none of what has %s', (_, none) => {
    expect(passiveCheck('listener/overc', none)).toBeUndefined();
  });

  it.each<[string, JsonObject, string, string]>([
    ['are parts of its id', {}, 'web1/disk', 'web1 disk'],
    ['are nothing of the kind', { name: 'x', display_name: 'Disk' }, 'x', 'Disk'],
    [
      'differ from it by a slash',
      { id: 'push/check/a%2Fb/c', name: 'a/b/c', display_name: 'a/b c' },
      ...(['a/b/c', 'a/b c'] as const),
    ],
    ['were not said', { display_name: null }, 'web1/disk', 'web1/disk'],
  ])('tells its names where they %s', (_, more, name, displayName) => {
    const check = passiveCheck('listener/overc', { ...given, ...more });
    expect([check?.name, check?.displayName]).toEqual([name, displayName]);
  });

  it('has another digest where anything is another, and no other digest else', () => {
    const digestOf = (more: JsonObject, plugin = 'listener/overc') =>
      passiveCheck(plugin, { ...given, ...more })?.digest;
    const others: JsonObject[] = [
      { name: 'web1/other' },
      { display_name: 'Disk' },
      { interval: 61 },
      { interval: null },
      { labels: { server: 'web1' } },
      { policy: { attempts: 2 } },
    ];
    const digests = others.map((more) => digestOf(more));
    expect(new Set([digestOf({}), digestOf({}, 'listener/nsca'), ...digests]).size).toBe(8);
    expect(digestOf({})).toBe(digestOf({}));
  });
});

describe('Interned', () => {
  it('gives one and the same value for a key until too many are known', () => {
    const known = new Interned<object>(2);
    const first = known.of('a', () => ({}));
    expect(known.of('a', () => ({}))).toBe(first);
    known.of('b', () => ({}));
    known.of('c', () => ({}));
    expect(known.of('a', () => ({}))).not.toBe(first);
  });
});
