import { type Context, defineCollector } from 'opsbro/sdk';
import { MANAGER_PROPERTIES, parseManager, parseUnitNames } from './units.ts';

const PROGRAMS = ['/usr/bin/systemctl', '/bin/systemctl'];
const TIMEOUT_MS = 2000;
const SHOW = ['show', '--no-pager', ...MANAGER_PROPERTIES.map((property) => `--property=${property}`)];
const LIST_FAILED = [
  'list-units',
  '--state=failed',
  '--all',
  '--plain',
  '--no-legend',
  '--no-pager',
  '--full',
];

async function findProgram(ctx: Context): Promise<string | undefined> {
  for (const program of PROGRAMS) if (await ctx.stat(program)) return program;
  return undefined;
}

async function systemctl(ctx: Context, program: string, args: string[]): Promise<string> {
  const result = await ctx.exec(program, args, { timeoutMs: TIMEOUT_MS });
  if (result.code === 0) return result.stdout;
  const ending = result.signal === null ? `exit code ${result.code}` : `signal ${result.signal}`;
  throw new Error(`systemctl ${args[0]} ended with ${ending}: ${result.stderr.trim().slice(0, 200)}`);
}

/** Yields the manager's state and the failed units. The second program run happens only when some unit has failed. */
export default defineCollector({
  async collect(ctx) {
    if (!['', '/'].includes(ctx.env('HOST_ROOT') ?? ''))
      return ctx.notEligible('systemctl cannot reach the systemd of a host seen through HOST_ROOT');
    // sd_booted(3): this directory exists exactly when systemd is the init system.
    if (!(await ctx.stat('/run/systemd/system'))) return ctx.notEligible('systemd does not run this host');
    const program = await findProgram(ctx);
    if (program === undefined) return ctx.notEligible('systemctl is not installed');
    const manager = parseManager(await systemctl(ctx, program, SHOW));
    if (!manager) throw new Error('systemctl show did not tell the state of the manager');
    const names = manager.failed === 0 ? [] : parseUnitNames(await systemctl(ctx, program, LIST_FAILED));
    return { ...manager, failed: manager.failed ?? names.length, failed_units: names };
  },
});
