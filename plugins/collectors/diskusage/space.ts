import type { FileSystemStat, JsonObject } from 'opsbro/sdk';
import type { Mount } from './mountinfo.ts';

const megabyte = 1024 * 1024;

/**
 * The row of one mount. Sizes are in MB and, like percentages, rounded up, as df does; the percentage is of what ordinary users
 * can fill, since some space is root's. File systems that make inodes on demand have no `inodes`. Undefined when the size is 0.
 */
export function usage(mount: Mount, stat: FileSystemStat): JsonObject | undefined {
  if (!(stat.sizeBytes > 0)) return undefined;
  const usedBytes = Math.max(0, stat.sizeBytes - stat.freeBytes);
  const row: JsonObject = {
    total: Math.ceil(stat.sizeBytes / megabyte),
    used: Math.ceil(usedBytes / megabyte),
    free: Math.ceil(stat.availableBytes / megabyte),
    pct_used: percentUp(usedBytes, usedBytes + stat.availableBytes),
  };
  if (stat.files > 0) {
    const used = Math.max(0, stat.files - stat.filesFree);
    row.inodes = {
      total: stat.files,
      used,
      free: stat.filesFree,
      pct_used: percentUp(used, stat.files),
    };
  }
  return { ...row, device: mount.device, type: mount.type, read_only: mount.readOnly };
}

function percentUp(part: number, whole: number): number {
  return whole > 0 ? Math.ceil((part * 100) / whole) : 0;
}
