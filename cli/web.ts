import type { Command } from 'commander';
import type { Json } from 'opsbro/sdk';
import { OpsbroError } from '../core/errors.ts';
import type { CliContext } from './context.ts';
import { orSuggest } from './live-names.ts';
import { formatAge, formatCount } from './quantities.ts';
import { plain } from './table.ts';
import { endOf } from './token-end.ts';

const scopes = ['read', 'write', 'admin'];

/** What `POST /api/v1/sessions` answers. */
interface OpenedView {
  url: string;
  path: string;
  scope: string;
  valid_until: string;
  expires_at: string;
}

/** One session, as `GET /api/v1/sessions` lists it. */
interface SessionView {
  name: string;
  scope: string;
  state: string;
  created_at: string;
  expires_at: string;
  last_used_at: string | null;
}

/** Adds `opsbro web`: the web page of the agent, and who looks at it. */
export function registerWeb(program: Command, cli: CliContext): void {
  const noun = program.command('web').description('the web page of this agent, and who looks at it');
  noun
    .command('open')
    .description('print an address that opens the page, once and within five minutes')
    .option('--scope <scope>', `what one may do there: ${scopes.join(', ')}`, 'read')
    .option('--expires <end>', 'until when one may: a time, or a duration such as 8h', '12h')
    .option('--url <url>', 'where a browser reaches the agent, such as https://monitor.example.org/opsbro')
    .action((options: { scope: string; expires: string; url?: string }) => open(cli, options));
  const sessions = noun.command('sessions').description('who looks at the page');
  sessions
    .command('list')
    .description('every session: what it may, until when, and when it was used')
    .action(() => list(cli));
  sessions
    .command('revoke <names...>')
    .description('end sessions, at once')
    .action((names: string[]) => revoke(cli, names));
}

async function open(
  cli: CliContext,
  { scope, expires, url }: { scope: string; expires: string; url?: string },
): Promise<void> {
  if (!scopes.includes(scope))
    throw new OpsbroError('OPSBRO_CLI_USAGE', `--scope '${scope}' is none of ${scopes.join(', ')}`);
  if (url !== undefined && !/^https?:\/\/[^\s?#]+$/i.test(url))
    throw new OpsbroError(
      'OPSBRO_CLI_USAGE',
      `--url '${url}' is no URL; write https://HOST or https://HOST/PATH`,
    );
  const opened = await ask<OpenedView>(cli, 'POST', '', { scope, expires_at: endOf(expires, Date.now()) });
  const address = url === undefined ? opened.url : `${url.replace(/\/+$/, '')}${opened.path}`;
  cli.show({ ...opened, url: address }, () => plain(address));
  if (!cli.options().json)
    cli.note(`it opens the page once, within five minutes; there one may ${plain(opened.scope)}`);
}

async function list(cli: CliContext): Promise<void> {
  const sessions = await ask<SessionView[]>(cli, 'GET', '');
  const now = Date.now();
  cli.show(sessions, () =>
    sessions.length === 0
      ? cli.paint.dim('no sessions')
      : cli.table(
          [
            { title: 'NAME', text: ({ name }) => name },
            { title: 'SCOPE', text: ({ scope }) => scope },
            {
              title: 'STATE',
              text: ({ state }) => state,
              paint: (text, { state }) => (state === 'valid' ? text : cli.paint.yellow(text)),
            },
            { title: 'EXPIRES', text: (one) => formatAge(one.expires_at, now) },
            { title: 'CREATED', text: (one) => formatAge(one.created_at, now) },
            { title: 'USED', text: (one) => formatAge(one.last_used_at, now) },
          ],
          sessions,
        ),
  );
}

async function revoke(cli: CliContext, names: string[]): Promise<void> {
  const revoked: string[] = [];
  for (const name of names) {
    const path = `/${encodeURIComponent(name)}`;
    await orSuggest(await cli.agent(), 'sessions', name, () => ask(cli, 'DELETE', path));
    revoked.push(name);
  }
  cli.show(
    { revoked },
    () => `${formatCount(revoked.length, 'session')} ended: ${revoked.map(plain).join(', ')}`,
  );
}

/** Asks the service that keeps sessions; names the YAML that starts it where it does not run. */
async function ask<T>(
  cli: CliContext,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: Json,
): Promise<T> {
  try {
    return await (await cli.agent()).request<T>(method, `/api/v1/sessions${path}`, body);
  } catch (error) {
    if (!(error instanceof OpsbroError)) throw error;
    if (error.code === 'OPSBRO_API_INVALID' && method === 'POST')
      throw new OpsbroError('OPSBRO_CLI_USAGE', error.message, { cause: error });
    const isAbsent = error.code === 'OPSBRO_API_NOT_FOUND' && /^no route |shows no page/.test(error.message);
    if (!isAbsent) throw error;
    const message =
      "this agent shows no page; 'http: { enabled: true }', 'websocket: { enabled: true }' and 'web: { enabled: true }' in files of its config.d start it";
    throw new OpsbroError('OPSBRO_API_INVALID', message, { cause: error });
  }
}
