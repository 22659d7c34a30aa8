import type { Context, JsonObject } from 'opsbro/sdk';

// The kernel counts sectors of 512 bytes whatever the disk's own are (Documentation/ABI/stable/sysfs-block).
const sectorBytes = 512;
const units = ['Bytes', 'KB', 'MB', 'GB', 'TB', 'PB', 'EB'];

/** Says by its name whether an entry of `/sys/block` stands on other devices or on memory. */
export function isVirtualName(name: string): boolean {
  return /^(?:dm-|ram|loop)/.test(name);
}

/** What `/sys/block/<name>` tells of one disk; undefined when its size is 0 or unknown: an empty drive, or a disk just gone. */
export async function describeDisk(ctx: Context, name: string): Promise<JsonObject | undefined> {
  const file = async (path: string) => (await ctx.tryReadText(`/sys/block/${name}/${path}`))?.trim();
  const sectors = Number(await file('size'));
  if (!Number.isFinite(sectors) || sectors <= 0) return undefined;
  const [vendor, model, rotational, removable] = await Promise.all([
    file('device/vendor'),
    file('device/model'),
    file('queue/rotational'),
    file('removable'),
  ]);
  const sizeBytes = sectors * sectorBytes;
  return {
    vendor: vendor ?? '',
    model: model ?? '',
    size: prettySize(sizeBytes),
    size_bytes: sizeBytes,
    rotational: rotational === '1',
    removable: removable === '1',
  };
}

/** A size for people: two decimals and the largest unit that leaves at least 1, by steps of 1024. */
export function prettySize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(2)} ${units[unit]}`;
}
