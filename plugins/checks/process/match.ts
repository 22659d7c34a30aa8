import { basename } from 'node:path/posix';
import type { Context } from 'opsbro/sdk';
import { type ProcessStat, parseArguments, parseStat, parseStatus, uidOf } from './proc.ts';

/** What the options say of the processes that are looked for. */
export interface Description {
  command?: string;
  arguments?: string;
  user?: string;
  states: string[];
}

/** A process that fits. */
export interface Match extends ProcessStat {
  memoryBytes: number;
}

/** Reads under way at once: enough to keep the threads that do them busy. */
const lanes = 8;
/** What the kernel leaves of a name. */
const commandLength = 15;
/** A script stands behind its interpreter and the options of that. */
const maxInterpreted = 4;
/** The kernel takes six of arguments (execve(2)): `rm *` in a large folder has most of them. */
const maxBytes = 8 * 1024 * 1024;

/** Every process that fits the description, by pid; one that ends meanwhile is left out. Throws for a user that does not exist. */
export async function findProcesses(ctx: Context<unknown>, wanted: Description): Promise<Match[]> {
  const uid = wanted.user === undefined ? undefined : await findUser(ctx, wanted.user);
  const names = (await ctx.list('/proc')).map(({ name }) => name).filter((name) => /^\d+$/.test(name));
  const pending = names.values();
  const found: Match[] = [];
  const lane = async (): Promise<void> => {
    for (const pid of pending) {
      const match = await examine(ctx, pid, wanted, uid);
      if (match !== undefined) found.push(match);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return found.sort((a, b) => a.pid - b.pid);
}

async function findUser(ctx: Context<unknown>, user: string): Promise<number> {
  const uid = uidOf(user, (await ctx.tryReadText('/etc/passwd')) ?? '');
  if (uid === undefined) throw new Error(`the user '${user}' is not in /etc/passwd; give the number`);
  return uid;
}

/** The cheap looks first: most processes are other ones. */
async function examine(
  ctx: Context<unknown>,
  pid: string,
  wanted: Description,
  uid: number | undefined,
): Promise<Match | undefined> {
  const read = (file: string) => ctx.tryReadText(`/proc/${pid}/${file}`, { maxBytes });
  const stat = parseStat((await read('stat')) ?? '');
  if (stat === undefined) return undefined;
  if (wanted.states.length > 0 && !wanted.states.includes(stat.state)) return undefined;
  if (wanted.command !== undefined || wanted.arguments !== undefined) {
    const args = parseArguments((await read('cmdline')) ?? '');
    if (wanted.command !== undefined && !isCommand(wanted.command, stat.command, args)) return undefined;
    if (wanted.arguments !== undefined && !new RegExp(wanted.arguments).test(args.join(' ')))
      return undefined;
  }
  const status = parseStatus((await read('status')) ?? '');
  if (status === undefined || (uid !== undefined && status.uid !== uid)) return undefined;
  return { ...stat, memoryBytes: status.memoryBytes };
}

/**
 * The kernel's name, or the program's as it was called, which a script's interpreter or a rewritten title may differ from. Where the kernel
 * cut the name, the command line may tell that the whole is another: `systemd-journal-gatewayd` is no `systemd-journald`.
 */
function isCommand(wanted: string, command: string, args: string[]): boolean {
  if (namesIn(args[0] ?? '').includes(wanted)) return true;
  if (command !== wanted.slice(0, commandLength)) return false;
  if (wanted.length <= commandLength) return true;
  const whole = args
    .slice(0, maxInterpreted)
    .flatMap(namesIn)
    .map((name) => name.replace(/:$/, ''))
    .filter((name) => name.startsWith(command));
  return whole.length === 0 || whole.includes(wanted);
}

/** What a program may be called by an argument: a path may hold spaces, a title begins with a name. */
function namesIn(argument: string): string[] {
  const first = basename(argument.split(' ', 1)[0] ?? '');
  return argument.startsWith('/') ? [first, basename(argument)] : [first];
}
