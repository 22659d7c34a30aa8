import { describe, expect, it } from 'vitest';
import { readCommandLine, usage } from '../../overcli/command-line.ts';
import { endpointOf } from '../../overcli/endpoint.ts';

describe('the command line', () => {
  it.each([
    [['ping'], { name: 'ping' }],
    [
      ['service-status', '60', 'app', 'OK'],
      { name: 'service-status', periodS: 60, service: 'app', state: 'OK', info: '' },
    ],
    [
      ['service-status', '5', 'app', 'odd', '-3 degrees'],
      { name: 'service-status', periodS: 5, service: 'app', state: 'odd', info: '-3 degrees' },
    ],
    [['alert', 'down'], { name: 'alert', service: undefined, message: 'down' }],
    [['alert', '--service', 'q', 'down'], { name: 'alert', service: 'q', message: 'down' }],
    [['alert', 'down', '--service=q'], { name: 'alert', service: 'q', message: 'down' }],
    [['alert', '--', '--service'], { name: 'alert', service: undefined, message: '--service' }],
    [['monitor', 'a.ini'], { name: 'monitor', paths: ['a.ini'], once: false, dryRun: false }],
    [
      ['monitor', '--once', 'a', 'b', '--dry-run'],
      { name: 'monitor', paths: ['a', 'b'], once: true, dryRun: true },
    ],
    [['--help'], { name: 'help' }],
    [['alert', '-h'], { name: 'help' }],
    [['--version'], { name: 'version' }],
  ])('%j is understood', (words, command) => {
    expect(readCommandLine(words)).toEqual({ command, verbosity: 0, server: undefined, serverId: undefined });
  });

  it.each([
    [['-v', '-s', 'U', '-i', 'I', 'ping'], 1],
    [['-vv', '--server', 'U', '--server-id', 'I', 'ping'], 2],
    [['-vvv', '--server=U', '--server-id=I', 'ping'], 3],
    [['-sU', '-iI', '--verbose', '-v', 'ping'], 2],
  ])('%j takes the options', (words, verbosity) => {
    expect(readCommandLine(words)).toMatchObject({ verbosity, server: 'U', serverId: 'I' });
  });

  it.each([
    [[], 'a command is missing'],
    [['-x', 'ping'], "unknown option '-x'"],
    [['-s'], '-s needs a value'],
    [['ping', 'pong'], "found 'pong'"],
    [['service-status', '60', 'app'], 'PERIOD NAME STATE [INFO]'],
    [['service-status', '1.5', 'app', 'OK'], "found '1.5'"],
    [
      ['service-status', '60', 'app', 'OK', 'Runs', 'fine'],
      "found 'fine': PERIOD NAME STATE [INFO]; a text with spaces stands in quotes",
    ],
    [['alert'], '[--service SERVICE] MESSAGE'],
    [['monitor'], 'CONFIG'],
    [['monitor', '--twice', 'a'], "unknown option '--twice'"],
  ])('%j is wrong usage', (words, text) => {
    expect(() => readCommandLine(words)).toThrow(text);
  });

  it('is explained within 120 columns', () => {
    expect(usage.split('\n').filter((line) => line.length > 120)).toEqual([]);
  });
});

describe('the endpoint', () => {
  it('splits the identity at its first colon', () => {
    expect(endpointOf('http://h:5000/x', 'a:b:c')).toEqual({
      origin: 'http://h:5000',
      authorization: undefined,
      name: 'a',
      key: 'b:c',
    });
  });

  it('takes the credentials from the URL, as they were meant', () => {
    const { origin, authorization } = endpointOf('https://bob:s%C3%A4cret%25@h/', 'a:b');
    expect([origin, authorization]).toEqual([
      'https://h',
      `Basic ${Buffer.from('bob:säcret%').toString('base64')}`,
    ]);
  });

  it.each([
    [undefined, 'a:b', '--server and --server-id should be specified'],
    ['http://h', undefined, '--server and --server-id should be specified'],
    ['http://h', 'a', '--server-id should be NAME:KEY'],
    ['h', 'a:b', '--server should be a URL'],
    ['ftp://h', 'a:b', '--server should begin with http:// or https://'],
  ])('%s with %s is wrong usage', (server, id, text) => {
    expect(() => endpointOf(server, id)).toThrow(text);
  });
});
