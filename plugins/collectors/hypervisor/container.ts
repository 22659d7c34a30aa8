/** What the file system and process 1 show of a container; a missing file is undefined or false. */
export interface ContainerTraces {
  /** /proc/vz is on OpenVZ's hosts and containers, /proc/bc on hosts only. */
  openvz: boolean;
  openvzHost: boolean;
  dockerFile: boolean;
  podmanFile: boolean;
  /** /run/systemd/container, or /run/host/container-manager: the manager tells its name. */
  manager?: string | undefined;
  /** /proc/1/environ, which only root may read. */
  environment?: string | undefined;
  /** /proc/1/cgroup */
  cgroups?: string | undefined;
}

/** A kind of container. `other`: a manager named itself that is none of these. */
export type ContainerKind = 'docker' | 'podman' | 'lxc' | 'openvz' | 'systemd-nspawn' | 'other' | 'none';

const managers: { [name: string]: ContainerKind } = {
  docker: 'docker',
  podman: 'podman',
  'lxc-libvirt': 'lxc',
  lxc: 'lxc',
  openvz: 'openvz',
  'systemd-nspawn': 'systemd-nspawn',
};

/** Names the container this host is in. What a manager says of itself outranks traces that it may have left. */
export function detectContainer(traces: ContainerTraces): ContainerKind {
  if (traces.openvz && !traces.openvzHost) return 'openvz';
  const named = fromManager(environmentOf(traces)) ?? fromManager(traces.manager);
  if (named !== undefined && named !== 'other') return named;
  if (traces.podmanFile) return 'podman';
  if (traces.dockerFile) return 'docker';
  return fromCgroups(traces.cgroups ?? '') ?? named ?? 'none';
}

function environmentOf(traces: ContainerTraces): string | undefined {
  return (traces.environment ?? '')
    .split('\0')
    .find((entry) => entry.startsWith('container='))
    ?.slice('container='.length);
}

function fromManager(text: string | undefined): ContainerKind | undefined {
  const name = text?.trim() ?? '';
  if (name === '') return undefined;
  return Object.hasOwn(managers, name) ? managers[name] : 'other';
}

function fromCgroups(text: string): ContainerKind | undefined {
  const paths = text.split('\n').map((line) => line.split(':').slice(2).join(':'));
  const some = (pattern: RegExp) => paths.some((path) => pattern.test(path));
  if (some(/\/libpod[-_]/)) return 'podman';
  if (some(/\/docker[-/]|\/kubepods/)) return 'docker';
  return some(/\/lxc(\.payload)?[./]/) ? 'lxc' : undefined;
}
