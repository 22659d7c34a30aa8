import { dirname, join, resolve } from 'node:path';
import type { Context } from 'opsbro/sdk';
import { splitWords } from './shell-words.ts';

/** Options as the manifest declares them. */
export interface Options {
  command: string;
  directory: string;
  config: string;
}

/** One alert plugin. */
export interface AlertPlugin {
  name: string;
  command: string;
  directory: string;
}

const timeoutMs = 10_000;

/** The plugins that are to be told: that of the option, or all of a server.ini. */
export async function pluginsOf(ctx: Context<Options>): Promise<AlertPlugin[]> {
  const { command, directory, config } = ctx.options;
  const own = command === '' ? [] : [{ name: ctx.name, command, directory }];
  if (config === '') {
    if (own.length === 0) throw new Error("give 'command', or a server.ini as 'config'");
    return own;
  }
  const text = await ctx.tryReadText(config);
  if (text === undefined) throw new Error(`Config file does not exist: ${config}`);
  return [...own, ...alertSections(text).map((found) => ({ ...found, directory: dirname(resolve(config)) }))];
}

/** `[alert:NAME]` of a server.ini, and the command of each. */
export function alertSections(text: string): { name: string; command: string }[] {
  const found: { name: string; command: string }[] = [];
  let name: string | undefined;
  for (const line of text.split(/\r?\n/)) {
    const head = /^\[([^\]]+)\]/.exec(line)?.[1];
    if (head !== undefined) name = /^alert:(.+)$/.exec(head)?.[1];
    const command = /^command\s*[:=]\s*(.*?)\s*$/i.exec(line)?.[1];
    if (command !== undefined && name !== undefined)
      found.push({ name, command: command.replaceAll('%%', '%') });
  }
  return found;
}

/** Gives a text to a plugin; what went wrong, as OverC says it, else undefined. */
export async function failureOf(
  ctx: Context<Options>,
  { name, command, directory }: AlertPlugin,
  text: string,
): Promise<string | undefined> {
  const failed = `Alert plugin \`${name}\` failed:`;
  try {
    const [program, ...args] = splitWords(command);
    const file = program === undefined ? undefined : await find(ctx, program, directory);
    if (file === undefined) return `${failed} [Errno 2] No such file or directory`;
    const { code, signal } = await ctx.exec(file, args, { timeoutMs, stdin: text, cwd: directory });
    if (code === 0) return undefined;
    const status = code ?? `-${signal}`;
    return `${failed} Command '${command}' returned non-zero exit status ${status}`;
  } catch (error) {
    return `${failed} ${(error as Error).message}`;
  }
}

/** Where a program is: relative to the directory, or by `PATH`. */
async function find(ctx: Context<Options>, program: string, directory: string): Promise<string | undefined> {
  if (program.includes('/')) {
    const file = resolve(directory, program);
    return (await ctx.stat(file)) === undefined ? undefined : file;
  }
  for (const folder of (ctx.env('PATH') ?? '/usr/local/bin:/usr/bin:/bin').split(':')) {
    const file = join(folder === '' ? '/' : folder, program);
    if ((await ctx.stat(file))?.type === 'file') return file;
  }
  return undefined;
}
