import type { ExecResult, Json } from 'opsbro/sdk';
import { OpsbroError } from '../../core/errors.ts';
import type { Errand, ErrandRunner } from '../model.ts';
import type { Keys } from './keys.ts';

/** How the exec thread is asked; the agent's `ExecClient` is one. */
export interface CommandRunner {
  run(
    command: {
      argv: string[];
      timeoutMs: number;
      outputBytes: number;
      stdin: string | null;
      capture: boolean;
      environment: { [name: string]: string };
    },
    signal: AbortSignal,
  ): Promise<CommandOutcome>;
}

/** How a command ended, as far as errands care. */
export interface CommandOutcome {
  code: number | null;
  signal: string | null;
  killedFor: 'timeout' | 'flood' | null;
  refused: string | null;
  truncated: boolean;
  captured?: { stdout: string; stderr: string };
}

/** Programs of one plugin, and of all, that may run at once. */
const maxPrograms = { plugin: 4, all: 16 };

/**
 * What the main thread does for plugins: programs run in the lanes of the exec thread, as words that no shell reads; keys are kept in the exact
 * store. Rejects like a call of the host: what may be asked was decided in the plugin's thread.
 */
export function createErrands(commands: CommandRunner, keys: Keys): ErrandRunner {
  const running = new Map<string, number>();
  let all = 0;
  const limited = async (plugin: string, work: () => Promise<Json>): Promise<Json> => {
    const own = running.get(plugin) ?? 0;
    if (own >= maxPrograms.plugin || all >= maxPrograms.all)
      throw new OpsbroError(
        'OPSBRO_AGENT_BUSY',
        `${maxPrograms.plugin} programs of a plugin run at once, ${maxPrograms.all} of all; try again`,
      );
    running.set(plugin, own + 1);
    all += 1;
    try {
      return await work();
    } finally {
      all -= 1;
      const left = (running.get(plugin) ?? 1) - 1;
      if (left === 0) running.delete(plugin);
      else running.set(plugin, left);
    }
  };
  return async (plugin, errand, signal) => {
    signal.throwIfAborted();
    if (errand.type === 'exec') return await limited(plugin, () => execute(commands, errand, signal));
    switch (errand.op) {
      case 'get':
        return await keys.get(errand.key);
      case 'list':
        return await keys.list(errand.key);
      case 'put':
        await keys.put(errand.key, errand.value);
        return null;
      case 'delete':
        await keys.delete(errand.key);
        return null;
    }
  };
}

async function execute(
  commands: CommandRunner,
  { file, args, timeoutMs, maxBytes, stdin }: Errand & { type: 'exec' },
  signal: AbortSignal,
): Promise<Json> {
  const end = await commands.run(
    {
      argv: [file, ...args],
      timeoutMs,
      outputBytes: maxBytes,
      stdin: stdin ?? null,
      capture: true,
      environment: {},
    },
    signal,
  );
  const { stdout, stderr } = end.captured ?? { stdout: '', stderr: '' };
  if (end.refused !== null) throw new OpsbroError('OPSBRO_HOST_IO', `${file}: not run: ${end.refused}`);
  if (end.killedFor === 'timeout')
    throw new OpsbroError('OPSBRO_HOST_IO', `${file}: did not end within ${timeoutMs} ms and was killed`);
  // How a shell says that it could not start a program (POSIX, 2.8.2).
  if (end.code === 127 && /not found|No such file/.test(afterName(stderr, file)))
    throw new OpsbroError('OPSBRO_HOST_NOT_FOUND', `${file}: does not exist`);
  if (end.code === 126 && afterName(stderr, file).includes('ermission denied'))
    throw new OpsbroError('OPSBRO_HOST_DENIED', `${file}: access refused by the operating system`);
  const truncated = end.truncated || end.killedFor === 'flood';
  return { code: end.code, signal: end.signal, stdout, stderr, truncated } satisfies ExecResult;
}

/** What stands behind the program's name in a line of text. */
function afterName(text: string, file: string): string {
  const at = text.indexOf(`${file}: `);
  return at === -1 ? '' : text.slice(at + file.length);
}
