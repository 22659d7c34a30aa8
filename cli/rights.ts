import type { Json } from 'opsbro/sdk';
import { OpsbroError } from '../core/errors.ts';
import type { CliContext } from './context.ts';
import { orSuggest } from './live-names.ts';
import { formatAge, formatCount } from './quantities.ts';
import { plain } from './table.ts';

/** Tokens, or the sessions of the web page: who may what, by name, as a service of the agent keeps it below `/api/v1/tokens` or `/sessions`. */
export interface RightsKind {
  path: 'tokens' | 'sessions';
  word: string;
  /** What became of those that are revoked. */
  ended: string;
  scopes: readonly string[];
  /** An answer that means: the service does not run. */
  absent: RegExp;
  /** What starts it. */
  hint: string;
}

interface RightView {
  name: string;
  scope: string;
  state: string;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
}

/** Throws OPSBRO_CLI_USAGE for a scope that such a right cannot have. */
export function checkScope({ scopes }: RightsKind, scope: string): void {
  if (!scopes.includes(scope))
    throw new OpsbroError('OPSBRO_CLI_USAGE', `--scope '${scope}' is none of ${scopes.join(', ')}`);
}

/** Prints all of them: what each may, until when, and when it was used. */
export async function listRights(cli: CliContext, kind: RightsKind): Promise<void> {
  const rights = await askRights<RightView[]>(cli, kind, 'GET', '');
  const now = Date.now();
  cli.show(rights, () =>
    rights.length === 0
      ? cli.paint.dim(`no ${kind.word}s`)
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
          rights,
        ),
  );
}

/** Ends those of these names; an unknown one throws with the name that is nearest. */
export async function revokeRights(cli: CliContext, kind: RightsKind, names: string[]): Promise<void> {
  const revoked: string[] = [];
  for (const name of names) {
    const path = `/${encodeURIComponent(name)}`;
    await orSuggest(await cli.agent(), kind.path, name, () => askRights(cli, kind, 'DELETE', path));
    revoked.push(name);
  }
  cli.show(
    { revoked },
    () => `${formatCount(revoked.length, kind.word)} ${kind.ended}: ${revoked.map(plain).join(', ')}`,
  );
}

/** Asks the service that keeps them; throws OPSBRO_API_INVALID with the YAML that starts it where it does not run. */
export async function askRights<View>(
  cli: CliContext,
  kind: RightsKind,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: Json,
): Promise<View> {
  try {
    return await (await cli.agent()).request<View>(method, `/api/v1/${kind.path}${path}`, body);
  } catch (error) {
    if (!(error instanceof OpsbroError)) throw error;
    if (error.code === 'OPSBRO_API_INVALID' && method === 'POST')
      throw new OpsbroError('OPSBRO_CLI_USAGE', error.message, { cause: error });
    if (error.code !== 'OPSBRO_API_NOT_FOUND' || !kind.absent.test(error.message)) throw error;
    throw new OpsbroError('OPSBRO_API_INVALID', kind.hint, { cause: error });
  }
}
