/** One line of `/proc/<pid>/mountinfo` (proc_pid_mountinfo(5)). */
export interface Mount {
  /** Major and minor number: the same for all mounts of one file system. */
  deviceNumber: string;
  /** The directory of the file system that is mounted; `/` but for bind mounts and subvolumes. */
  root: string;
  point: string;
  readOnly: boolean;
  type: string;
  device: string;
}

/** The mounts in the order they were made. Lines cut short are left out. */
export function parseMountinfo(text: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split('\n')) {
    const fields = line.split(' ');
    // A variable number of optional fields ends with a lone hyphen.
    const end = fields.indexOf('-', 6);
    const [, , deviceNumber, root, point, options] = fields;
    const [type, device] = end < 0 ? [] : fields.slice(end + 1);
    if (!deviceNumber || !root || !point || !options || !type || device === undefined) continue;
    mounts.push({
      deviceNumber,
      root: unescapeOctal(root),
      point: unescapeOctal(point),
      readOnly: options.split(',')[0] === 'ro',
      type,
      device: unescapeOctal(device),
    });
  }
  return mounts;
}

/** Undoes the kernel's `\040` for space, tab, newline and backslash. */
export function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
