import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parentPort } from 'node:worker_threads';
import { Configuration } from '../configuration/loader.ts';
import { trustedOwners } from '../configuration/sources/files.ts';
import { plainError } from '../core/errors.ts';
import { compileCheck, compileDetector, compileValue } from '../language/compile.ts';
import type { ConfigDirectories, ConfigReply, ConfigRequest } from './protocol.ts';

/**
 * Entry of the configuration thread: the only place of a running agent that reads YAML, checks schemas and compiles expressions. It
 * is started when something changed and ends when it has been idle, so its memory costs nothing in between.
 */
const retryMs = 250;
const configuration = new Configuration(
  { compileCheck, compileDetector, compileValue },
  trustedOwners(process.getuid?.(), packageRoot()),
);

parentPort?.on('message', (request: ConfigRequest) => {
  void answer(request)
    .catch((thrown): ConfigReply => {
      return { type: 'refused', id: request.id, error: plainError(thrown, 'OPSBRO_CONFIG_UNREADABLE') };
    })
    .then((reply) => parentPort?.postMessage(reply));
});

async function answer(request: ConfigRequest): Promise<ConfigReply> {
  const { id, type } = request;
  if (type === 'warm') return { type: 'warmed', id };
  if (type === 'load') {
    let plan = configuration.load(request.directories, request.running);
    if (configuration.meetsNewErrors() && request.running.length > 0) {
      const { plugins } = plan;
      await delay(retryMs);
      plan = configuration.load(request.directories, request.running);
      plan.plugins ??= plugins;
    }
    if (await configuration.bundleSigned(request.directories)) {
      const { plugins } = plan;
      plan = configuration.load(request.directories, request.running);
      plan.plugins ??= plugins;
    }
    return { type: 'loaded', id, plan };
  }
  ensureLoaded(request.directories);
  if (type === 'show') return { type: 'shown', id, objects: configuration.show(request.object) };
  const { expression, language, as } = request;
  return { type: 'compiled', id, ...configuration.compile(expression, language, as) };
}

function ensureLoaded(directories: ConfigDirectories | undefined): void {
  if (!configuration.hasLoaded && directories !== undefined) configuration.read(directories);
}

/** `dist/threads` is two folders below the package's root. */
function packageRoot(): string {
  return fileURLToPath(new URL('../../', import.meta.url));
}
