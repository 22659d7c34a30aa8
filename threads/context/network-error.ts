import { OpsbroError } from '../../core/errors.ts';

/**
 * An error of the network, in one line: `where` is a host and port, or what was looked for. Node gives several addresses that were tried in
 * vain as one error with an empty message, and undici hides the reason in `cause`.
 */
export function networkError(where: string, thrown: unknown): OpsbroError {
  if (thrown instanceof OpsbroError) return thrown;
  return new OpsbroError('OPSBRO_HOST_NETWORK', `${where}: ${reasonOf(thrown)}`, { cause: thrown });
}

function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const [first] = thrown instanceof AggregateError ? thrown.errors : [];
  if (first instanceof Error) return reasonOf(first);
  if (thrown.cause instanceof Error) return reasonOf(thrown.cause);
  const { code } = thrown as NodeJS.ErrnoException;
  const text = thrown.message === '' ? 'failed' : thrown.message;
  return code === undefined || text.includes(code) ? text : `${text} (${code})`;
}
