import type { Command } from 'commander';
import type { CliContext } from './context.ts';
import { askRights, checkScope, listRights, type RightsKind, revokeRights } from './rights.ts';
import { plain } from './table.ts';
import { endOf } from './token-end.ts';

const tokens: RightsKind = {
  path: 'tokens',
  word: 'token',
  ended: 'revoked',
  scopes: ['read', 'push', 'write', 'admin'],
  absent: /^no route /,
  hint: "this agent answers nobody over HTTP; 'http: { enabled: true }' in a file of its config.d starts that",
};

/** Adds `opsbro tokens`: who may ask over HTTP. */
export function registerTokens(program: Command, cli: CliContext): void {
  const noun = program.command('tokens').description('who may ask this agent over HTTP, and for what');
  noun
    .command('list')
    .description('every token: what it may, until when, and when it was used; never the token itself')
    .action(() => listRights(cli, tokens));
  noun
    .command('add <name>')
    .description('make a token, and print it this once')
    .option(
      '--scope <scope>',
      `what it may: ${tokens.scopes.join(', ')}; write includes read, admin all`,
      'read',
    )
    .option('--expires <end>', 'until a time, or for a duration such as 90d; for ever by default')
    .action((name: string, options: { scope: string; expires?: string }) => add(cli, name, options));
  noun
    .command('revoke <names...>')
    .description('take the rights of tokens away, at once')
    .action((names: string[]) => revokeRights(cli, tokens, names));
}

async function add(
  cli: CliContext,
  name: string,
  { scope, expires }: { scope: string; expires?: string },
): Promise<void> {
  checkScope(tokens, scope);
  const expires_at = expires === undefined ? null : endOf(expires, Date.now());
  const made = await askRights<{ name: string; scope: string; token: string }>(cli, tokens, 'POST', '', {
    name,
    scope,
    expires_at,
  });
  cli.show(made, () => made.token);
  if (!cli.options().json)
    cli.note(
      `the token '${plain(made.name)}' may ${plain(made.scope)}; it is shown this once, and kept as a hash`,
    );
}
