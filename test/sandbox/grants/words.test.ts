import { describe, expect, it } from 'vitest';
import { describePermissions, exceeds, widens } from '../../../sandbox/grants/words.ts';
import { defaultLimits } from '../../../sandbox/limits.ts';

describe('what a plugin may do, in words', () => {
  it('names every permission and the limits', () => {
    const permissions = {
      read: ['/var/spool/postfix/**'],
      tcp: ['127.0.0.1:25'],
      exec: ['/usr/sbin/postqueue -j'],
      env: ['POSTFIX_HOME'],
      kv: ['postfix/'],
      http: ['https://api.example.org/v1/**'],
    };
    expect(describePermissions(permissions, { ...defaultLimits, memoryBytes: 64 * 2 ** 20 })).toEqual([
      'reads /var/spool/postfix/**',
      'requests https://api.example.org/v1/**',
      'connects to 127.0.0.1:25',
      'runs /usr/sbin/postqueue -j',
      'sees the variable POSTFIX_HOME',
      'keeps keys under postfix/',
      'uses at most 64 MiB, 200 ms of CPU a run',
    ]);
    const wide = { ...defaultLimits, cpuPerMinuteMs: 60_000, hostCalls: 10_000 };
    expect(describePermissions({}, wide)).toEqual([
      'reads, runs and connects to nothing',
      'uses at most 32 MiB, 200 ms of CPU a run, 60 s of CPU a minute, 10000 calls of the host a run',
    ]);
  });

  it.each([
    [{ read: ['/**'] }, '⚠ reads /** (every file of this host)'],
    [{ read: ['/etc/shadow'] }, '⚠ reads /etc/shadow (what none but root should know)'],
    [{ read: ['/etc/*'] }, '⚠ reads /etc/* (also such as /etc/shadow)'],
    [{ read: ['/proc/**'] }, '⚠ reads /proc/** (also such as /proc/1/environ)'],
    [{ exec: ['/bin/sh ...'] }, '⚠ runs /bin/sh ... (a program that can run or reach anything)'],
    [{ exec: ['*'] }, '⚠ runs * (any program)'],
    [{ tcp: ['*:443'] }, '⚠ connects to *:443 (any host)'],
    [{ tcp: ['0.0.0.0/0:1'] }, '⚠ connects to 0.0.0.0/0:1 (nearly any host)'],
    [{ http: ['https://*/x'] }, '⚠ requests https://*/x (any host)'],
    [
      { http: ['http://169.254.169.254'] },
      "⚠ requests http://169.254.169.254 (the link or a cloud's metadata, which hands out credentials)",
    ],
    [{ env: ['*'] }, "⚠ sees the variable * (all of the agent's environment)"],
    [{ env: ['SLACK_TOKEN'] }, '⚠ sees the variable SLACK_TOKEN (may be a secret)'],
  ])('marks %j', (permissions, line) => {
    expect(describePermissions(permissions, defaultLimits)[0]).toBe(line);
  });
});

describe('what is wider', () => {
  const approved = { permissions: { read: ['/var/log/**'], tcp: ['10.0.0.0/8:25'] }, limits: defaultLimits };

  it.each([
    [{ read: ['/var/log/**'], tcp: ['10.0.0.0/8:25'] }, []],
    [{ read: ['/var/log/mail/*.log'], tcp: ['10.1.2.3:25'] }, []],
    [{}, []],
    [{ read: ['/var/**'] }, ['reads /var/**']],
    [{ exec: ['/bin/ls'], kv: ['a/'] }, ['runs /bin/ls', 'keeps keys under a/']],
  ])('finds in %j %j', (permissions, expected) => {
    expect(widens(approved, { permissions, limits: defaultLimits })).toEqual(expected);
  });

  it('finds limits that were raised', () => {
    const limits = { ...defaultLimits, cpuMs: 2000, memoryBytes: 64 * 2 ** 20, metrics: 10 };
    expect(widens(approved, { permissions: {}, limits })).toEqual([
      'up to 2 s of CPU a run instead of 200 ms of CPU a run',
      'up to 64 MiB of memory instead of 32 MiB of memory',
    ]);
  });

  it('leaves free what a ceiling does not name', () => {
    const asked = {
      permissions: { read: ['/etc/hosts'] },
      limits: { ...defaultLimits, cpuMs: 900, metrics: 5000 },
    };
    expect(exceeds({ permissions: { read: ['/etc/*'] } }, asked)).toEqual([]);
    expect(exceeds({ permissions: {}, limits: { metrics: 2000 } }, asked)).toEqual([
      'reads /etc/hosts',
      'up to 5000 metrics instead of 2000 metrics',
    ]);
  });
});
