import type { Command } from 'commander';
import { OpsbroError } from '../../core/errors.ts';
import type { CliContext } from '../context.ts';
import { parseSeconds } from '../quantities.ts';
import { plain } from '../table.ts';
import { askGossip } from './ask.ts';
import { nodeText } from './members.ts';

/** A node that answered; `joined` of the one that was to be joined. */
interface FoundView {
  uuid: string;
  name: string;
  display_name: string;
  address: string;
  port: number;
  zone: string;
  groups: string[];
  proxy: boolean;
  joined?: boolean;
}

const longestSeconds = 25;
const joinSeconds = 30;

/** Adds `opsbro gossip detect`. */
export function registerDetect(noun: Command, cli: CliContext): void {
  noun
    .command('detect')
    .description('ask by UDP broadcast which nodes are on the same network; exit 1 when none answers')
    .option('--auto-join', 'join a proxy that answers, else the first one')
    .option('--timeout <duration>', `how long to listen for answers, at most ${longestSeconds}s`, '5')
    .action((options: { autoJoin?: boolean; timeout: string }) => detect(cli, options));
}

async function detect(cli: CliContext, options: { autoJoin?: boolean; timeout: string }): Promise<void> {
  const timeout = parseSeconds(options.timeout, '--timeout');
  if (timeout > longestSeconds || timeout < 0.1)
    throw new OpsbroError('OPSBRO_CLI_USAGE', `--timeout is 100ms to ${longestSeconds}s`);
  const autoJoin = options.autoJoin === true;
  const body = { auto_join: autoJoin, timeout };
  const timeoutMs = (timeout + joinSeconds) * 1000;
  const found = await askGossip<FoundView[]>(cli, 'POST', 'detect', body, { timeoutMs });
  cli.show(found, () => (found.length === 0 ? '' : foundText(cli, found)));
  const joined = found.find((one) => one.joined !== undefined);
  if (found.length === 0) {
    cli.note(`no other node answered within ${timeout} s (UDP broadcast)`);
    cli.exitCode = 1;
  } else if (joined !== undefined) {
    const outcome = joined.joined === true ? cli.paint.green('OK') : cli.paint.red('FAILED');
    cli.note(`Joining ${joined.address}:${joined.port} (${plain(nodeText(joined))}) : ${outcome}`);
    if (joined.joined !== true) cli.exitCode = 1;
  } else if (!autoJoin) {
    cli.note(cli.paint.dim('none was joined; --auto-join does, a proxy first'));
  }
}

function foundText(cli: CliContext, found: FoundView[]): string {
  return cli.table(
    [
      { title: 'NAME', text: nodeText },
      { title: 'ZONE', text: ({ zone }) => zone },
      {
        title: 'ADDRESS',
        text: ({ address, port }) => (address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`),
      },
      { title: 'PROXY', text: ({ proxy }) => (proxy ? 'yes' : 'no') },
      { title: 'GROUPS', text: ({ groups }) => groups.join(', ') },
    ],
    found,
  );
}
