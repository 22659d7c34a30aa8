import type { CliContext } from './context.ts';

/** Prints how many threads of each kind the agent runs, besides its main one. */
export async function showThreads(cli: CliContext): Promise<void> {
  const threads = await (await cli.agent()).request<{ [kind: string]: number }>('GET', '/api/v1/threads');
  const columns = [
    { title: 'KIND', text: ([kind]: [string, number]) => kind },
    {
      title: 'THREADS',
      text: ([, count]: [string, number]) => String(count),
      align: 'right' as const,
    },
  ];
  cli.show(threads, () => cli.table(columns, Object.entries(threads)));
}
