import type { FunctionContext } from 'opsbro/sdk';

const statusFile = '/var/lib/dpkg/status';
const maxStatusBytes = 64 * 1024 * 1024;
const architectures: { [node: string]: string } = {
  x64: 'amd64',
  arm64: 'arm64',
  arm: 'armhf',
  ia32: 'i386',
  ppc64: 'ppc64el',
  riscv64: 'riscv64',
  s390x: 's390x',
  loong64: 'loong64',
};

/** True when this host has dpkg's database. */
export async function dpkgPresent(ctx: FunctionContext): Promise<boolean> {
  return (await ctx.stat(statusFile)) !== undefined;
}

/** True when dpkg's database says of the package `install ok installed`, or any other wish about an installed one. */
export async function dpkgHas(ctx: FunctionContext, name: string): Promise<boolean> {
  // Two stats answer for what was never installed; the file list also stays behind when only the configuration is left.
  const lists = [`${name}.list`, `${name}:${architectures[process.arch]}.list`];
  const found = await Promise.all(lists.map((list) => ctx.stat(`/var/lib/dpkg/info/${list}`)));
  if (found.every((stat) => stat === undefined)) return false;
  return dpkgStatusHas(await ctx.readText(statusFile, { maxBytes: maxStatusBytes }), name);
}

/** True when a dpkg status text has an installed paragraph of the package, for any architecture. */
export function dpkgStatusHas(status: string, name: string): boolean {
  const heading = `Package: ${name}\n`;
  for (let at = status.indexOf(heading); at >= 0; at = status.indexOf(heading, at + 1)) {
    if (at > 0 && status[at - 1] !== '\n') continue;
    const end = status.indexOf('\n\n', at);
    const paragraph = status.slice(at, end < 0 ? undefined : end);
    if (/^Status: \S+ \S+ installed$/m.test(paragraph)) return true;
  }
  return false;
}
