import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { includesExec, matchesExec, parseExecPattern } from '../../../sandbox/grants/exec-pattern.ts';
import { parseHost } from '../../../sandbox/grants/host-pattern.ts';
import { includesHttp, matchesHttp, parseHttpPattern } from '../../../sandbox/grants/http-pattern.ts';
import { includesPath, matchesPath, parsePathPattern } from '../../../sandbox/grants/path-pattern.ts';
import { permissionProblems } from '../../../sandbox/grants/permissions.ts';
import { includesTcp, matchesTcp, parseTcpPattern } from '../../../sandbox/grants/tcp-pattern.ts';

describe('a pattern of paths', () => {
  it.each([
    ['/proc/stat', '/proc/stat', true],
    ['/proc/stat', '/proc/statx', false],
    ['/proc/stat', '/proc/stat/x', false],
    ['/proc/*/stat', '/proc/12/stat', true],
    ['/proc/*/stat', '/proc/12/task/stat', false],
    ['/proc/*/stat', '/proc//stat', true],
    ['/etc/ssh/ssh_host_*_key.pub', '/etc/ssh/ssh_host_rsa_key.pub', true],
    ['/etc/ssh/ssh_host_*_key.pub', '/etc/ssh/ssh_host_rsa_key', false],
    ['/a/?', '/a/é', true],
    ['/a/?', '/a/😀', true],
    ['/a/?', '/a/bc', false],
    ['/a/**', '/a', true],
    ['/a/**', '/a/b/c/d', true],
    ['/a/**', '/ab', false],
    ['/**', '/', true],
    ['/**/log', '/var/log', true],
    ['/**/log', '/var/log/x', false],
    ['/a/**/b/*/c', '/a/b/b/b/x/c', true],
    ['/a/**/b/*/c', '/a/b/b/b/c/x', false],
    ['/{etc,usr/share}/zone', '/usr/share/zone', true],
    ['/{etc,usr/share}/zone', '/usr/zone', false],
    ['/{a,b{c,d}}x', '/bdx', true],
    ['/{a,}x', '/x', true],
    ['/a/', '/a', true],
    ['/a.c', '/abc', false],
    ['/a[b]', '/a[b]', true],
    ['/*', '/.hidden', true],
  ])('%s against %s is %s', (pattern, path, expected) => {
    expect(matchesPath(parsePathPattern(pattern), path)).toBe(expected);
  });

  it.each([
    ['etc', 'no absolute path'],
    ['', 'no absolute path'],
    ['/a/../b', "step '..'"],
    ['/a//b', "'//'"],
    ['/a/b**', 'step of its own'],
    ['/{a', 'without its other half'],
    ['/a}', 'without its other half'],
    [`/${'{a,b}'.repeat(7)}`, 'more than 64'],
    ['/a\nb', 'control character'],
    ['/a\u202eb', 'control character'],
    [`/${'a'.repeat(1024)}`, 'over 1024'],
  ])('%j is refused', (pattern, why) => {
    expect(() => parsePathPattern(pattern)).toThrow(why);
  });

  it.each([
    ['/**', '/a/*/b', true],
    ['/a/**', '/a', true],
    ['/a/**', '/a/{b,c/d}', true],
    ['/a/*', '/a/**', false],
    ['/a/*', '/a/b?', true],
    ['/a/?', '/a/*', false],
    ['/{a,b}/c', '/a/c', true],
    ['/{a,b}/c', '/*/c', false],
  ])('%s includes %s: %s', (outer, inner, expected) => {
    expect(includesPath(parsePathPattern(outer), parsePathPattern(inner))).toBe(expected);
  });

  const step = fc.stringMatching(/^[ab*?]{1,4}$/).filter((text) => !text.includes('**'));
  const pattern = fc.array(fc.oneof(step, fc.constant('**')), { minLength: 1, maxLength: 5 });
  const path = fc.array(fc.stringMatching(/^[ab]{1,4}$/), { minLength: 1, maxLength: 6 });

  it('matches what a slow model of it matches', () => {
    fc.assert(
      fc.property(pattern, path, (own, steps) => {
        expect(matchesPath(parsePathPattern(`/${own.join('/')}`), `/${steps.join('/')}`)).toBe(
          modelMatches(own, steps),
        );
      }),
      { numRuns: 2000 },
    );
  });

  it('includes another only when each of its paths is one of its own', () => {
    fc.assert(
      fc.property(pattern, pattern, path, (outer, inner, steps) => {
        const [wide, narrow] = [outer, inner].map((own) => parsePathPattern(`/${own.join('/')}`));
        if (wide === undefined || narrow === undefined || !includesPath(wide, narrow)) return;
        const one = `/${steps.join('/')}`;
        if (matchesPath(narrow, one)) expect(matchesPath(wide, one)).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });

  it('answers at once where a regular expression would never', () => {
    const nasty = parsePathPattern(`/${'*a'.repeat(200)}`);
    expect(matchesPath(nasty, `/${'a'.repeat(4000)}b`)).toBe(false);
    const deep = parsePathPattern(`${'/**/a'.repeat(100)}/b`);
    expect(matchesPath(deep, '/a'.repeat(2000))).toBe(false);
  });
});

/** The same grammar by trying everything. */
function modelMatches(own: readonly string[], steps: readonly string[]): boolean {
  const [first, ...rest] = own;
  if (first === undefined) return steps.length === 0;
  if (first === '**')
    return modelMatches(rest, steps) || (steps.length > 0 && modelMatches(own, steps.slice(1)));
  const [step, ...others] = steps;
  return step !== undefined && modelStep(first, step) && modelMatches(rest, others);
}

function modelStep(word: string, text: string): boolean {
  if (word === '') return text === '';
  if (word[0] === '*')
    return modelStep(word.slice(1), text) || (text !== '' && modelStep(word, text.slice(1)));
  return text !== '' && (word[0] === '?' || word[0] === text[0]) && modelStep(word.slice(1), text.slice(1));
}

describe('a pattern of URLs', () => {
  it.each([
    ['https://api.example.org/v1/**', 'https://api.example.org/v1/a/b?x=1', true],
    ['https://api.example.org/v1/**', 'https://API.example.org:443/v1', true],
    ['https://api.example.org/v1/**', 'http://api.example.org/v1', false],
    ['https://api.example.org/v1/**', 'https://api.example.org/v2', false],
    ['https://api.example.org/v1/**', 'https://api.example.org/v1/../admin', false],
    ['https://api.example.org/v1/**', 'https://api.example.org/v1/%2e%2e/admin', false],
    ['https://api.example.org/v1/**', 'https://api.example.org/v1/..%2fadmin', false],
    ['https://api.example.org/v1/**', 'https://api.example.org/v1/..;/admin', false],
    ['https://api.example.org/v1/**', 'https://api.example.org/v1/a%5c..%5c', false],
    ['https://api.example.org/v1/**', 'https://api.example.org/v1/%zz', false],
    ['https://api.example.org/v1/*', 'https://api.example.org/v1/a%20b', true],
    ['https://api.example.org/v1/*', 'https://api.example.org/v1/a/b', false],
    ['https://api.example.org/v1/**', 'https://api.example.org/v1/%252e%252e/admin', false],
    ['https://api.example.org/v1/**', 'https://api.example.org/v1/a%25252fb', false],
    ['https://api.example.org/v1/*/x', 'https://api.example.org/v1//x', false],
    ['https://api.example.org', 'https://api.example.org/any/..%2f', true],
    ['https://api.example.org', 'https://api.example.org.evil.net/', false],
    ['https://api.example.org', 'https://api.example.org@evil.net/', false],
    ['https://api.example.org', 'https://evil.net/api.example.org', false],
    ['https://api.example.org/', 'https://api.example.org/x', false],
    ['https://*.example.org', 'https://a.b.example.org/', true],
    ['https://*.example.org', 'https://example.org/', false],
    ['https://*.example.org', 'https://notexample.org/', false],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080/x', true],
    ['http://127.0.0.1:8080', 'http://0x7f.1:8080/x', true],
    ['http://127.0.0.1:8080', 'http://localhost:8080/x', false],
    ['http://127.0.0.1:8080', 'http://127.0.0.1/', false],
    ['http://127.0.0.1', 'http://[::ffff:127.0.0.1]/', true],
    ['http://[::1]:*', 'http://[0::1]:99/', true],
    ['http://h:8000-8009', 'http://h:8005/', true],
    ['http://h:8000-8009', 'http://h:8010/', false],
    ['*', 'https://anything/', true],
  ])('%s against %s is %s', (pattern, url, expected) => {
    expect(matchesHttp(parseHttpPattern(pattern), new URL(url))).toBe(expected);
  });

  it.each([
    ['ftp://h', 'no origin'],
    ['example.org', 'no origin'],
    ['https://', 'no origin'],
    ['https://a*b.org', 'names the host'],
    ['https://u:p@h', 'contains a user'],
    ['https://u@h', 'contains a user'],
    ['https://h:0', 'names the port'],
    ['https://h:70000', 'names the port'],
    ['https://h/a?b', 'a path is all'],
  ])('%s is refused', (pattern, why) => {
    expect(() => parseHttpPattern(pattern)).toThrow(why);
  });

  it.each([
    ['*', 'http://h', true],
    ['http://h', '*', false],
    ['https://*.a.org/v1/**', 'https://x.a.org/v1/y', true],
    ['https://*.a.org', 'https://*.b.a.org', true],
    ['https://*.a.org', 'https://a.org', false],
    ['https://h/v1/**', 'https://h', false],
    ['https://h:1-9', 'https://h:3', true],
  ])('%s includes %s: %s', (outer, inner, expected) => {
    expect(includesHttp(parseHttpPattern(outer), parseHttpPattern(inner))).toBe(expected);
  });
});

describe('a pattern of ports', () => {
  it.each([
    ['127.0.0.1:25', '127.0.0.1', 25, true],
    ['127.0.0.1:25', '127.0.0.1', 26, false],
    ['127.0.0.1:25', '::ffff:127.0.0.1', 25, true],
    ['10.0.0.0/8:5432', '10.200.3.4', 5432, true],
    ['10.0.0.0/8:5432', '11.0.0.1', 5432, false],
    ['10.0.0.0/8:5432', 'db.internal', 5432, false],
    ['0.0.0.0/0:*', '8.8.8.8', 1, true],
    ['[fd00::]/8:53', 'fd12:3456::1', 53, true],
    ['[fd00::/8]:53', 'fe00::1', 53, false],
    ['[::1]:25', '0:0:0:0:0:0:0:1', 25, true],
    ['*:53', 'anything.example', 53, true],
    ['*', '::1', 65535, true],
    ['*.example.org:*', 'A.Example.ORG', 1, true],
    ['db:1000-2000', 'db', 1500, true],
    ['db:1000-2000', 'db', 999, false],
    ['db.example:1', 'db.example/.evil.net', 1, false],
    ['db.example:1', 'db.example#.evil.net', 1, false],
    ['db.example:1', 'db.example?.evil.net', 1, false],
    ['db.example:1', 'db.example\\.evil.net', 1, false],
    ['db.example:1', 'db.exam\nple', 1, false],
    ['db.example:1', 'db.exam\u00adple', 1, false],
    ['bücher.example:1', 'xn--bcher-kva.example', 1, true],
  ])('%s against %s port %d is %s', (pattern, host, port, expected) => {
    const asked = parseHost(host);
    expect(asked !== undefined && matchesTcp(parseTcpPattern(pattern), asked, port)).toBe(expected);
  });

  it.each([
    'h',
    'h:',
    ':25',
    '::1:25',
    'h:0',
    'h:9-1',
    'a b:1',
    '10.0.0.0/33:1',
    'h:x',
    '1.2.3:4',
    'h/\x1b[2J:1',
    'h#\u202e:1',
  ])('%s is refused', (pattern) => {
    expect(() => parseTcpPattern(pattern)).toThrow(/is not host:port|names the/);
  });

  it.each([
    ['10.0.0.0/8:*', '10.1.0.0/16:80', true],
    ['10.1.0.0/16:*', '10.0.0.0/8:80', false],
    ['*', '10.0.0.0/8:1', true],
    ['10.0.0.0/8:1', '*:1', false],
    ['h:1-10', 'h:5', true],
    ['0.0.0.0/0:1', 'h:1', false],
  ])('%s includes %s: %s', (outer, inner, expected) => {
    expect(includesTcp(parseTcpPattern(outer), parseTcpPattern(inner))).toBe(expected);
  });
});

describe('a pattern of commands', () => {
  it.each([
    ['/usr/sbin/postqueue -j', '/usr/sbin/postqueue', ['-j'], true],
    ['/usr/sbin/postqueue -j', '/usr/sbin/postqueue', ['-j', '-v'], false],
    ['/usr/sbin/postqueue -j', '/usr/sbin/postqueue', [], false],
    ['/usr/sbin/postqueue -j', '/usr/sbin/postqueue', ['-jx'], false],
    ['/usr/sbin/postqueue -j', '/usr/sbin/../sbin/postqueue', ['-j'], false],
    ['/bin/ping -c 1 *', '/bin/ping', ['-c', '1', 'a b; rm'], true],
    ['/bin/ping --count=* ...', '/bin/ping', ['--count=3', '-x', 'y'], true],
    ['/bin/ping --count=* ...', '/bin/ping', ['--count'], false],
    ['/bin/ping -c 1 *', '/bin/ping', ['-c', '1', '-f'], false],
    ['/bin/ping -c 1 *', '/bin/ping', ['-c', '1', ''], true],
    ['/bin/ping -* *', '/bin/ping', ['-f', 'a'], true],
    ['/bin/a ?', '/bin/a', ['x'], false],
    ['/bin/a', '/bin/a', [], true],
    ['*', '/bin/sh', ['-c', 'x'], true],
  ])('%s against %s %j is %s', (pattern, file, args, expected) => {
    expect(matchesExec(parseExecPattern(pattern), file, args)).toBe(expected);
  });

  it.each(['ls', 'bin/ls', '/bin/../sh', '/bin/*', '/bin/a ... b', '', '/bin/', '/a\tb', '/a \u200bb'])(
    '%j is refused',
    (pattern) => {
      expect(() => parseExecPattern(pattern)).toThrow();
    },
  );

  it.each([
    ['/a x ...', '/a x y', true],
    ['/a x ...', '/a ...', false],
    ['/a x', '/a x ...', false],
    ['/a *', '/a j', true],
    ['/a *', '/a -j', false],
    ['/a *', '/a *j', true],
    ['/a -*', '/a -j', true],
    ['/a -j', '/a *', false],
    ['/a ...', '/a', true],
    ['*', '/a ...', true],
  ])('%s includes %s: %s', (outer, inner, expected) => {
    expect(includesExec(parseExecPattern(outer), parseExecPattern(inner))).toBe(expected);
  });
});

describe('a prefix of keys', () => {
  it.each(['', 'mail', 'm*/', 'a\u202e/', `${'x'.repeat(256)}/`])('%j is refused', (prefix) => {
    expect(permissionProblems({ kv: [prefix] })).toEqual([
      { path: ['kv', 0], message: expect.stringContaining('is no prefix of keys') },
    ]);
  });

  it('may name a part of a second step', () => {
    expect(permissionProblems({ kv: ['mail/', 'mail/queue'] })).toEqual([]);
  });
});
