import type { Command } from 'commander';
import { OpsbroError } from '../core/errors.ts';
import type { CliContext } from './context.ts';
import { askRights, checkScope, listRights, type RightsKind, revokeRights } from './rights.ts';
import { plain } from './table.ts';
import { endOf } from './token-end.ts';

const sessions: RightsKind = {
  path: 'sessions',
  word: 'session',
  ended: 'ended',
  scopes: ['read', 'write', 'admin'],
  absent: /^no route |shows no page/,
  hint: "this agent shows no page; 'http: { enabled: true }', 'websocket: { enabled: true }' and 'web: { enabled: true }' in files of its config.d start it",
};

/** What `POST /api/v1/sessions` answers. */
interface OpenedView {
  url: string;
  path: string;
  scope: string;
  valid_until: string;
  expires_at: string;
}

/** Adds `opsbro web`: the web page of the agent, and who looks at it. */
export function registerWeb(program: Command, cli: CliContext): void {
  const noun = program.command('web').description('the web page of this agent, and who looks at it');
  noun
    .command('open')
    .description('print an address that opens the page, once and within five minutes')
    .option('--scope <scope>', `what one may do there: ${sessions.scopes.join(', ')}`, 'read')
    .option('--expires <end>', 'until when one may: a time, or a duration such as 8h', '12h')
    .option('--url <url>', 'where a browser reaches the agent, such as https://monitor.example.org/opsbro')
    .action((options: { scope: string; expires: string; url?: string }) => open(cli, options));
  const verbs = noun.command('sessions').description('who looks at the page');
  verbs
    .command('list')
    .description('every session: what it may, until when, and when it was used')
    .action(() => listRights(cli, sessions));
  verbs
    .command('revoke <names...>')
    .description('end sessions, at once')
    .action((names: string[]) => revokeRights(cli, sessions, names));
}

async function open(
  cli: CliContext,
  { scope, expires, url }: { scope: string; expires: string; url?: string },
): Promise<void> {
  checkScope(sessions, scope);
  if (url !== undefined && !/^https?:\/\/[^\s?#]+$/i.test(url))
    throw new OpsbroError(
      'OPSBRO_CLI_USAGE',
      `--url '${url}' is no URL; write https://HOST or https://HOST/PATH`,
    );
  const opened = await askRights<OpenedView>(cli, sessions, 'POST', '', {
    scope,
    expires_at: endOf(expires, Date.now()),
  });
  const address = url === undefined ? opened.url : `${url.replace(/\/+$/, '')}${opened.path}`;
  cli.show({ ...opened, url: address }, () => plain(address));
  if (!cli.options().json)
    cli.note(`it opens the page once, within five minutes; there one may ${plain(opened.scope)}`);
}
