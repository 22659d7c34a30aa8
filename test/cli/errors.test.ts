import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorText } from '../../cli/error-text.ts';
import { OpsbroError } from '../../core/errors.ts';
import { Workplace } from './workplace.ts';

let place: Workplace;

beforeAll(async () => {
  place = new Workplace();
  await place.agent({ '/api/v1/plugins': [], '/api/v1/checks': [], '/api/v1/collectors': [] });
});

afterAll(() => place.dispose());

/** Every way of naming what does not exist, and the exit code of each. */
const wrong: [string[], string, number][] = [
  [['checks', 'show', 'nope'], 'OPSBRO_API_NOT_FOUND', 3],
  [['checks', 'run', 'nope'], 'OPSBRO_API_NOT_FOUND', 3],
  [['checks', 'wait-ok', 'nope'], 'OPSBRO_API_NOT_FOUND', 2],
  [['collectors', 'show', 'nope'], 'OPSBRO_API_NOT_FOUND', 2],
  [['collectors', 'run', 'nope'], 'OPSBRO_API_NOT_FOUND', 2],
  [['plugins', 'show', 'nope'], 'OPSBRO_API_NOT_FOUND', 2],
  [['plugins', 'release', 'nope'], 'OPSBRO_API_NOT_FOUND', 2],
  [['agent', 'log', 'follow', 'nope'], 'OPSBRO_API_NOT_FOUND', 2],
  [['agent', 'print', 'nope'], 'OPSBRO_CLI_USAGE', 2],
  [['agent', 'parameters', 'get', 'nope'], 'OPSBRO_CLI_USAGE', 2],
  [['agent', 'parameters', 'add', 'port', '1'], 'OPSBRO_CLI_USAGE', 2],
  [['packs', 'show', 'nope'], 'OPSBRO_CLI_USAGE', 2],
  [['packs', 'parameters', 'get', 'linux.nope'], 'OPSBRO_CLI_USAGE', 2],
  [['config', 'show', 'nope'], 'OPSBRO_API_NOT_FOUND', 2],
  [['config', 'test', 'nope'], 'OPSBRO_API_NOT_FOUND', 2],
  [['checks', 'show'], 'OPSBRO_CLI_USAGE', 2],
  [['checks', 'state', '--nope'], 'OPSBRO_CLI_USAGE', 2],
  [['nope'], 'OPSBRO_CLI_USAGE', 2],
];

describe('errors', () => {
  it.each(wrong)('%j is one JSON document on stderr with --json', async (words, code, exit) => {
    const said = await place.opsbro([...words, '--json']);
    expect({ code: said.code, out: said.out }).toEqual({ code: exit, out: '' });
    expect(JSON.parse(said.err)).toEqual({ error: { code, message: expect.stringMatching(/./) } });
  });

  it.each(wrong)('%j is text on stderr without', async (words, _code, exit) => {
    const said = await place.opsbro(words);
    expect(said.code).toBe(exit);
    expect(said.err).toMatch(/^(opsbro|error|Error): /m);
    expect(said.err).not.toContain('    at ');
  });

  it('of a wrong line are one line, like all others, with the word that was meant', async () => {
    const said = async (...words: string[]): Promise<string> => (await place.opsbro(words)).err;
    expect(await said('chekcs', 'state')).toBe("opsbro: unknown command 'chekcs'; did you mean 'checks'?\n");
    expect(await said('checks', 'state', '--al')).toBe(
      "opsbro: unknown option '--al'; did you mean '--all'?\n",
    );
    expect(await said('checks', 'list', 'cpu')).toBe(
      "opsbro: too many arguments for 'list': it takes none and got 1\n",
    );
    expect(await said('checks', 'show')).toBe(
      "opsbro: missing required argument 'name'; write 'opsbro checks show <name>'\n",
    );
    expect(await said('checks', 'history', '--since')).toBe(
      "opsbro: option '--since <duration>' argument missing\n",
    );
    const json = await place.opsbro(['checks', 'stat', '--json']);
    expect(JSON.parse(json.err)).toEqual({
      error: { code: 'OPSBRO_CLI_USAGE', message: "unknown command 'stat'; did you mean 'state'?" },
    });
  });

  it.each([
    ['reload', 'agent reload'],
    ['info', 'agent info'],
    ['start', 'agent start'],
    ['members', 'gossip members'],
    ['eval', 'evaluator eval'],
    ['status', 'agent info'],
    ['validate', 'config check'],
    ['agent status', 'agent info'],
    ['checks explain memory', 'explain'],
    ['config reload', 'agent reload'],
    ['gossip list', 'gossip members'],
    ['handlers retry 1', 'handlers outbox retry'],
    ['push list', 'push servers list'],
  ])('of "opsbro %s" name the command that does it', async (line, meant) => {
    const { code, err } = await place.opsbro(line.split(' '));
    const [first, word = first] = line.split(' ');
    expect([code, err]).toEqual([2, `opsbro: unknown command '${word}'; did you mean 'opsbro ${meant}'?\n`]);
  });

  it('of a noun that needs no verb say what it takes, and which verbs there are', async () => {
    const said = async (...words: string[]): Promise<string> => (await place.opsbro(words)).err;
    expect(await said('explain')).toBe(
      "opsbro: missing required argument 'name'; write 'opsbro explain <name>'\n",
    );
    expect(await said('groups', 'show')).toBe(
      "opsbro: unknown command 'show'; 'opsbro groups --help' lists all\n",
    );
  });

  it('of a wrong line say where to look when no word was meant', async () => {
    const said = async (...words: string[]): Promise<string> => (await place.opsbro(words)).err;
    for (const word of ['zzz', 'constructor'])
      expect(await said(word)).toBe(`opsbro: unknown command '${word}'; 'opsbro --help' lists all\n`);
    expect(await said('checks', 'zzz')).toBe(
      "opsbro: unknown command 'zzz'; 'opsbro checks --help' lists all\n",
    );
    expect(await said('checks', 'state', '--zzz')).toBe(
      "opsbro: unknown option '--zzz'; 'opsbro checks state --help' lists all\n",
    );
    expect(await said('completion', 'csh')).toBe(
      "opsbro: 'csh' is invalid for argument 'shell'; it is one of bash, zsh, fish\n",
    );
  });

  it('say how to become a push server where there is none', async () => {
    const { code, err } = await place.opsbro(['push', 'servers', 'list']);
    expect([code, err]).toEqual([
      2,
      "opsbro: this agent is no push server; 'overc: { enabled: true }' in a file of its config.d starts it\n",
    ]);
  });

  it('show where they come from when nobody expected them', () => {
    expect(errorText(new Error('oh'), true)).toMatch(/^opsbro: Error: oh\n {4}at /);
    expect(errorText(new OpsbroError('OPSBRO_CLI_USAGE', 'oh'), false)).toBe('opsbro: oh');
  });
});
