import type { Mount } from './mountinfo.ts';

/** Types that store nothing, are views of others, or are full by nature. */
const pseudoTypes = new Set(
  `aufs autofs binderfs binfmt_misc bpf cgroup cgroup2 configfs cpuset debugfs devpts efivarfs fuse.gvfsd-fuse fuse.lxcfs
  fuse.portal fuse.snapfuse fusectl hugetlbfs mqueue none nfsd nsfs pipefs proc pstore ramfs rootfs rpc_pipefs securityfs
  selinuxfs sockfs spufs squashfs swap sysfs tracefs usbfs`.split(/\s+/),
);

const remoteType =
  /^(?:nfs4?|ceph|cifs|smb3|smbfs|9p|afs|coda|lustre|gpfs|beegfs|glusterfs|ncpfs|fuse\..+|fuse)$/;

/** Files that container runtimes bind-mount one by one. */
const runtimeFiles = new Set(['/etc/hosts', '/etc/hostname', '/etc/resolv.conf']);

/** What to leave out besides the pseudo file systems. */
export interface Exclusions {
  types: readonly string[];
  mounts: readonly string[];
}

/**
 * The mounts worth a row, local ones first: one per file system (per subvolume of btrfs), those that a later mount hides left
 * out. Of several mounts of one file system the one of its root wins, then the shortest mount point.
 */
export function chooseMounts(mounts: readonly Mount[], exclude: Exclusions): Mount[] {
  const visible = new Map(mounts.map((mount) => [mount.point, mount]));
  const chosen = new Map<string, Mount>();
  for (const mount of visible.values()) {
    if (!isWanted(mount, exclude)) continue;
    const key = mount.type === 'btrfs' ? `${mount.deviceNumber} ${mount.root}` : mount.deviceNumber;
    const rival = chosen.get(key);
    if (rival === undefined || isBetter(mount, rival)) chosen.set(key, mount);
  }
  return [...chosen.values()].sort((a, b) => Number(isRemote(a)) - Number(isRemote(b)));
}

/** Says whether another machine or a program stands behind a mount, which may never answer. */
export function isRemote(mount: Mount): boolean {
  return remoteType.test(mount.type);
}

function isWanted(mount: Mount, exclude: Exclusions): boolean {
  if (pseudoTypes.has(mount.type) || exclude.types.includes(mount.type)) return false;
  // A container's own root is worth a row; the roots of containers that a host runs are not.
  if (mount.type === 'overlay' && mount.point !== '/') return false;
  if (runtimeFiles.has(mount.point)) return false;
  return !exclude.mounts.some(
    (point) => mount.point === point || mount.point.startsWith(`${point.replace(/\/+$/, '')}/`),
  );
}

function isBetter(mount: Mount, rival: Mount): boolean {
  if ((mount.root === '/') !== (rival.root === '/')) return mount.root === '/';
  return mount.point.length < rival.point.length;
}
