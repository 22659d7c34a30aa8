import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { OpsbroError } from '../../core/errors.ts';
import type { CliContext } from '../context.ts';
import { plain } from '../table.ts';
import { askGossip } from './ask.ts';

/** A key of the ring. Its id says nothing about it. */
export interface KeyView {
  id: string;
  /** It seals what this node sends; the others only open. */
  active: boolean;
}

type Change = 'install' | 'use' | 'remove';

const done: { [change in Change]: string } = {
  install: 'installed: it opens what others send',
  use: 'used: it seals what this node sends',
  remove: 'removed: it opens nothing any more',
};

const lasting =
  'it stays so over restarts; once every node uses it, write it where the old key stands (`key:` or the file of the zone): a new node starts with that';

/** Adds `opsbro gossip keyring`. */
export function registerKeyring(noun: Command, cli: CliContext): void {
  const keyring = noun.command('keyring').description('the keys of the zone: change them while packets flow');
  keyring
    .command('list')
    .description('the keys that open, and the one that seals')
    .action(async () => {
      const keys = await readKeys(cli);
      cli.show(keys, () => keysText(cli, keys));
    });
  verb(keyring, cli, 'install', 'first step of a change, on every node: one more key that opens');
  verb(keyring, cli, 'use', 'second step, once all have it: a key, or its id, that seals');
  verb(keyring, cli, 'remove', 'last step, once all use another: take a key, or its id, out');
}

/** The keys of the running agent; none where it speaks in clear. */
export async function readKeys(cli: CliContext): Promise<KeyView[]> {
  return keysOf(await askGossip<KeyView[] | { keys: KeyView[] }>(cli, 'GET', 'keyring'));
}

/** Changes the ring of the running agent, and gives what is in it then. */
export async function changeKeys(cli: CliContext, change: Change, key: string): Promise<KeyView[]> {
  try {
    return keysOf(
      await askGossip<KeyView[] | { keys: KeyView[] }>(cli, 'POST', 'keyring', { do: change, key }),
    );
  } catch (error) {
    if (!(error instanceof OpsbroError) || error.code !== 'OPSBRO_API_INVALID') throw error;
    throw new OpsbroError('OPSBRO_CLI_USAGE', error.message, { cause: error });
  }
}

function verb(keyring: Command, cli: CliContext, change: Change, summary: string): void {
  keyring
    .command(`${change} [key]`)
    .description(summary)
    .option('--file <path>', 'read the key from a file: what stands on a command line, others may see')
    .action(async (key: string | undefined, options: { file?: string }) => {
      const keys = await changeKeys(cli, change, keyText(key, options.file));
      cli.show(keys, () => `${cli.paint.green('OK')}: ${done[change]}\n${keysText(cli, keys)}`);
      if (change === 'use') cli.note(cli.paint.dim(lasting));
    });
}

/** The key as text, from the command line or a file. Throws OPSBRO_CLI_USAGE unless exactly one of them is given. */
export function keyText(key: string | undefined, file: string | undefined): string {
  if ((key === undefined) === (file === undefined))
    throw new OpsbroError('OPSBRO_CLI_USAGE', 'give the key, or --file with the file that holds it');
  if (key !== undefined) return key.trim();
  try {
    return readFileSync(file as string, 'utf8')
      .slice(0, 4096)
      .trim();
  } catch (error) {
    throw new OpsbroError('OPSBRO_CLI_USAGE', `cannot read ${file}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function keysOf(answer: KeyView[] | { keys: KeyView[] }): KeyView[] {
  return Array.isArray(answer) ? answer : answer.keys;
}

function keysText(cli: CliContext, keys: KeyView[]): string {
  if (keys.length === 0) return cli.paint.dim('no key: this node speaks in clear, on loopback only');
  return cli.table(
    [
      { title: 'ID', text: ({ id }) => plain(id) },
      { title: 'DOES', text: ({ active }) => (active ? 'seals and opens' : 'opens') },
    ],
    keys,
  );
}
