import { join } from 'node:path';
import { proposeApproval, recordApproval } from '../../sandbox/approval/approve.ts';

/** Approves plugins of a configuration directory as they are now, with `--trust`, as an operator would. */
export async function trustPlugins(config: string, names: readonly string[]): Promise<void> {
  const lock = join(config, 'plugins.lock');
  const proposals = await Promise.all(
    names.map((name) => proposeApproval(join(config, name), lock, { trust: true })),
  );
  const who = { by: 'test', at: new Date().toISOString() };
  for (const proposal of proposals) await recordApproval(proposal, lock, who);
}
