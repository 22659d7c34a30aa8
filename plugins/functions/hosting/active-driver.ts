import type { FunctionContext } from 'opsbro/sdk';

type Sign = (ctx: FunctionContext) => Promise<boolean>;

const exists =
  (path: string): Sign =>
  async (ctx) =>
    (await ctx.stat(path)) !== undefined;

const reads =
  (path: string, text: string): Sign =>
  async (ctx) =>
    (await ctx.tryReadText(path))?.trim() === text;

/** From the inside out: a container on a cloud instance is a container. The first sign that holds wins. */
const signs: readonly (readonly [string, Sign])[] = [
  ['docker-container', exists('/.dockerenv')],
  ['ec2', reads('/sys/hypervisor/version/extra', '.amazon')],
  ['ec2', reads('/sys/class/dmi/id/board_vendor', 'Amazon EC2')],
  ['azure', reads('/sys/class/dmi/id/board_vendor', 'Microsoft Corporation')],
  ['google-cloud', reads('/sys/class/dmi/id/board_vendor', 'Google')],
  ['scaleway', exists('/etc/scw-release')],
  ['synology', exists('/etc/synoinfo.conf')],
];

/** The one hosting driver that holds here, `on-premise` when no sign of another is found. Reads local files only, no network. */
export async function activeDriver(ctx: FunctionContext): Promise<string> {
  for (const [name, holds] of signs) if (await holds(ctx)) return name;
  return 'on-premise';
}
