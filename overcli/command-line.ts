import { Failure } from './failure.ts';

/** What to do. */
export type Command =
  | { name: 'help' }
  | { name: 'version' }
  | { name: 'ping' }
  | { name: 'service-status'; periodS: number; service: string; state: string; info: string }
  | { name: 'alert'; service: string | undefined; message: string }
  | { name: 'monitor'; paths: string[]; once: boolean; dryRun: boolean };

/** A command line, understood. */
export interface CommandLine {
  command: Command;
  /** How many `-v`. */
  verbosity: number;
  server: string | undefined;
  /** `NAME:KEY`, as typed. */
  serverId: string | undefined;
}

/** What `--help` prints. */
export const usage = `usage: overcli [-v|-vv|-vvv] [-s URL] [-i NAME:KEY] COMMAND

Reports to a push server: OpsBro's service overc, or OverC.

  ping                                      asks whether the server is there and takes the key
  service-status PERIOD NAME STATE [INFO]   reports the state of a service: OK, WARN, FAIL (or ERR), UNK
  alert [--service SERVICE] MESSAGE         sends an alert
  monitor CONFIG...                         runs commands for ever and reports what they say;
                                            CONFIG is a file, or a directory of monitor*.ini
    --once                                  runs every command once, reports, and ends
    --dry-run                               runs every command once, prints the states, and sends nothing

  -s, --server URL         the server, such as https://user:password@mon.example.com/
  -i, --server-id NAME:KEY who reports; the first report of a name sets its key
  -v, --verbose            tells more; -vv each request, -vvv what it carries
  -h, --help               this text
      --version            the version

PERIOD is how soon the next report is promised, in seconds. A report that cannot be sent waits in a directory
(OVERCLI_QUEUE names another one), and the next call sends it first. Exit codes: 0 done, 1 failed, 2 wrong usage.
`;

/** Understands the words after `overcli`. Throws a `usage` failure. */
export function readCommandLine(words: readonly string[]): CommandLine {
  const read: CommandLine = {
    command: { name: 'help' },
    verbosity: 0,
    server: undefined,
    serverId: undefined,
  };
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (!word.startsWith('-') || word === '-') return { ...read, command: readCommand(word, rest) };
    if (word === '-h' || word === '--help') return read;
    if (word === '--version') return { ...read, command: { name: 'version' } };
    if (word === '--verbose' || /^-v+$/.test(word))
      read.verbosity += word === '--verbose' ? 1 : word.length - 1;
    else if (/^(-s|--server(=|$))/.test(word)) read.server = takeValue(word, rest, '-s', '--server');
    else if (/^(-i|--server-id(=|$))/.test(word)) read.serverId = takeValue(word, rest, '-i', '--server-id');
    else throw new Failure('usage', `unknown option '${word}'; see overcli --help`);
  }
  throw new Failure('usage', 'a command is missing: ping, service-status, alert or monitor');
}

/** The value of `-sVALUE`, `--server=VALUE`, or the next word. */
function takeValue(word: string, rest: string[], short: string, long: string): string {
  if (word.startsWith(`${long}=`)) return word.slice(long.length + 1);
  if (word.startsWith(short) && !word.startsWith('--') && word !== short) return word.slice(short.length);
  const value = rest.shift();
  if (value === undefined) throw new Failure('usage', `${word} needs a value`);
  return value;
}

function readCommand(name: string, words: string[]): Command {
  if (words[0] === '-h' || words[0] === '--help') return { name: 'help' };
  switch (name) {
    case 'ping':
      expectWords(name, words, 0, 0, '');
      return { name };
    case 'service-status':
      return readServiceStatus(words);
    case 'alert':
      return readAlert(words);
    case 'monitor':
      return readMonitor(words);
    default:
      throw new Failure(
        'usage',
        `unknown command '${name}'; it is one of ping, service-status, alert, monitor`,
      );
  }
}

function readServiceStatus(words: string[]): Command {
  if (words[0] === '--') words.shift();
  expectWords('service-status', words, 3, 4, 'PERIOD NAME STATE [INFO]');
  const [period = '', service = '', state = '', info = ''] = words;
  if (!/^\d{1,15}$/.test(period))
    throw new Failure('usage', `PERIOD should be a whole number of seconds, found '${period}'`);
  return { name: 'service-status', periodS: Number(period), service, state, info };
}

function readAlert(words: string[]): Command {
  const texts: string[] = [];
  let service: string | undefined;
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '--') texts.push(...words.splice(0));
    else if (/^--service(=|$)/.test(word)) service = takeValue(word, words, '--service', '--service');
    else texts.push(word);
  }
  expectWords('alert', texts, 1, 1, '[--service SERVICE] MESSAGE');
  return { name: 'alert', service: service || undefined, message: texts[0] ?? '' };
}

function readMonitor(words: string[]): Command {
  const paths: string[] = [];
  const flags = { once: false, dryRun: false };
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '--') paths.push(...words.splice(0));
    else if (word === '--once') flags.once = true;
    else if (word === '--dry-run') flags.dryRun = true;
    else if (word.startsWith('-'))
      throw new Failure('usage', `unknown option '${word}' of monitor; it takes --once and --dry-run`);
    else paths.push(word);
  }
  expectWords('monitor', paths, 1, Number.POSITIVE_INFINITY, 'CONFIG...');
  return { name: 'monitor', paths, ...flags };
}

function expectWords(command: string, words: string[], least: number, most: number, grammar: string): void {
  if (words.length < least)
    throw new Failure('usage', `'${command}' needs more words: overcli ... ${command} ${grammar}`);
  if (words.length > most)
    throw new Failure(
      'usage',
      `'${command}' takes no further word, found '${words[most]}'${grammar === '' ? '' : `: ${grammar}`}; a text with spaces stands in quotes`,
    );
}
