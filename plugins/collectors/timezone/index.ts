import { type Context, defineCollector, type Tree } from 'opsbro/sdk';
import { abbreviation, utcOffset, zoneOfLink } from './zone.ts';

export default defineCollector({
  async collect(ctx) {
    const name = await zoneName(ctx);
    // Looked up by name first: the link is absolute, and under HOST_ROOT would lead out of the host's tree.
    const file =
      (name && (await ctx.tryReadText(`/usr/share/zoneinfo/${name}`))) ??
      (await ctx.tryReadText('/etc/localtime'));
    const tree: Tree = { timezone: abbreviation(file ?? '') ?? name ?? 'UTC' };
    if (name === undefined) return tree;
    tree.name = name;
    const offset = utcOffset(name, ctx.clock.now());
    if (offset !== undefined) tree.utc_offset = offset;
    return tree;
  },
});

/** The zone's name: by the link, else as Debian, else as old Red Hat writes it down. */
async function zoneName(ctx: Context): Promise<string | undefined> {
  const link = (await ctx.stat('/etc/localtime'))?.linkTarget;
  const byLink = link === undefined ? undefined : zoneOfLink(link);
  if (byLink !== undefined) return byLink;
  const debian = (await ctx.tryReadText('/etc/timezone'))?.trim();
  if (debian && /^[\w+/-]+$/.test(debian)) return debian;
  const redHat = await ctx.tryReadText('/etc/sysconfig/clock');
  return /^ZONE="?([\w+/-]+)/m.exec(redHat ?? '')?.[1];
}
