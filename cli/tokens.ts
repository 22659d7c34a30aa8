import type { Command } from 'commander';
import type { Json } from 'opsbro/sdk';
import { OpsbroError } from '../core/errors.ts';
import type { CliContext } from './context.ts';
import { orSuggest } from './live-names.ts';
import { formatAge, formatCount } from './quantities.ts';
import { plain } from './table.ts';
import { endOf } from './token-end.ts';

const scopes = ['read', 'push', 'write', 'admin'];

/** One token, as `GET /api/v1/tokens` lists it. */
interface TokenView {
  name: string;
  scope: string;
  state: 'valid' | 'expired' | 'revoked';
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
}

/** Adds `opsbro tokens`: who may ask over HTTP. */
export function registerTokens(program: Command, cli: CliContext): void {
  const noun = program.command('tokens').description('who may ask this agent over HTTP, and for what');
  noun
    .command('list')
    .description('every token: what it may, until when, and when it was used; never the token itself')
    .action(() => list(cli));
  noun
    .command('add <name>')
    .description('make a token, and print it this once')
    .option('--scope <scope>', `what it may: ${scopes.join(', ')}; write includes read, admin all`, 'read')
    .option('--expires <end>', 'until a time, or for a duration such as 90d; for ever by default')
    .action((name: string, options: { scope: string; expires?: string }) => add(cli, name, options));
  noun
    .command('revoke <names...>')
    .description('take the rights of tokens away, at once')
    .action((names: string[]) => revoke(cli, names));
}

async function list(cli: CliContext): Promise<void> {
  const tokens = await ask<TokenView[]>(cli, 'GET', '');
  const now = Date.now();
  cli.show(tokens, () =>
    tokens.length === 0
      ? cli.paint.dim('no tokens')
      : cli.table(
          [
            { title: 'NAME', text: ({ name }) => name },
            { title: 'SCOPE', text: ({ scope }) => scope },
            {
              title: 'STATE',
              text: ({ state }) => state,
              paint: (text, { state }) => (state === 'valid' ? text : cli.paint.yellow(text)),
            },
            {
              title: 'EXPIRES',
              text: (one) => (one.expires_at === null ? 'never' : formatAge(one.expires_at, now)),
            },
            { title: 'CREATED', text: (one) => formatAge(one.created_at, now) },
            { title: 'USED', text: (one) => formatAge(one.last_used_at, now) },
          ],
          tokens,
        ),
  );
}

async function add(
  cli: CliContext,
  name: string,
  { scope, expires }: { scope: string; expires?: string },
): Promise<void> {
  if (!scopes.includes(scope))
    throw new OpsbroError('OPSBRO_CLI_USAGE', `--scope '${scope}' is none of ${scopes.join(', ')}`);
  const expires_at = expires === undefined ? null : endOf(expires, Date.now());
  const made = await ask<TokenView & { token: string }>(cli, 'POST', '', { name, scope, expires_at });
  cli.show(made, () => made.token);
  if (!cli.options().json)
    cli.note(
      `the token '${plain(made.name)}' may ${plain(made.scope)}; it is shown this once, and kept as a hash`,
    );
}

async function revoke(cli: CliContext, names: string[]): Promise<void> {
  const revoked: string[] = [];
  for (const name of names) {
    const path = `/${encodeURIComponent(name)}`;
    await orSuggest(await cli.agent(), 'tokens', name, () => ask(cli, 'DELETE', path));
    revoked.push(name);
  }
  cli.show(
    { revoked },
    () => `${formatCount(revoked.length, 'token')} revoked: ${revoked.map(plain).join(', ')}`,
  );
}

/** Asks the service that keeps tokens; names the YAML that starts it where it does not run. */
async function ask<T>(
  cli: CliContext,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: Json,
): Promise<T> {
  try {
    return await (await cli.agent()).request<T>(method, `/api/v1/tokens${path}`, body);
  } catch (error) {
    if (!(error instanceof OpsbroError)) throw error;
    if (error.code === 'OPSBRO_API_INVALID' && method === 'POST')
      throw new OpsbroError('OPSBRO_CLI_USAGE', error.message, { cause: error });
    if (error.code !== 'OPSBRO_API_NOT_FOUND' || !error.message.startsWith('no route ')) throw error;
    const message =
      "this agent answers nobody over HTTP; 'http: { enabled: true }' in a file of its config.d starts that";
    throw new OpsbroError('OPSBRO_API_INVALID', message, { cause: error });
  }
}
