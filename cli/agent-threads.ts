import type { Json } from 'opsbro/sdk';
import type { CliContext } from './context.ts';
import { valueLines } from './value-lines.ts';

/** Prints the agent's threads: a table of whatever the agent tells of each. */
export async function showThreads(cli: CliContext): Promise<void> {
  const threads = await (await cli.agent()).request<Json>('GET', '/api/v1/threads');
  cli.show(threads, () => valueLines(threads, 'threads').join('\n'));
}
