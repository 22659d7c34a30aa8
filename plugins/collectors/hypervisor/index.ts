import { type Context, defineCollector } from 'opsbro/sdk';
import { type ContainerTraces, detectContainer } from './container.ts';
import { detectHypervisor, type MachineTraces } from './machine.ts';

const CLOCKS = '/sys/devices/system/clocksource/clocksource0/available_clocksource';

async function read(ctx: Context, path: string): Promise<string | undefined> {
  return (await ctx.tryReadText(path))?.trim();
}

async function machineTraces(ctx: Context): Promise<MachineTraces> {
  return {
    cpuinfo: await firstProcessor(ctx),
    vendor: await read(ctx, '/sys/class/dmi/id/sys_vendor'),
    product: await read(ctx, '/sys/class/dmi/id/product_name'),
    board: await read(ctx, '/sys/class/dmi/id/board_name'),
    bios: await read(ctx, '/sys/class/dmi/id/bios_vendor'),
    hypervisorType: await read(ctx, '/sys/hypervisor/type'),
    xenCapabilities: await xenCapabilities(ctx),
    deviceTree: await read(ctx, '/proc/device-tree/hypervisor/compatible'),
    clocks: await read(ctx, CLOCKS),
  };
}

/** Without xenfs mounted a guest of Xen still has the empty directory. */
async function xenCapabilities(ctx: Context): Promise<string | undefined> {
  const text = await read(ctx, '/proc/xen/capabilities');
  return text ?? ((await ctx.stat('/proc/xen')) ? '' : undefined);
}

/** One block of /proc/cpuinfo says it; a machine with hundreds of processors writes more than the default limit. */
async function firstProcessor(ctx: Context): Promise<string | undefined> {
  const text = await ctx.tryReadText('/proc/cpuinfo', { maxBytes: 16 * 1024 * 1024 });
  return text?.split(/\n\s*\n/, 1)[0];
}

async function containerTraces(ctx: Context): Promise<ContainerTraces> {
  const exists = async (path: string) => (await ctx.stat(path)) !== undefined;
  return {
    openvz: await exists('/proc/vz'),
    openvzHost: await exists('/proc/bc'),
    dockerFile: await exists('/.dockerenv'),
    podmanFile: await exists('/run/.containerenv'),
    manager: (await read(ctx, '/run/systemd/container')) ?? (await read(ctx, '/run/host/container-manager')),
    environment: await read(ctx, '/proc/1/environ'),
    cgroups: await read(ctx, '/proc/1/cgroup'),
  };
}

/** Yields what is below this host (`hypervisor`, `kind`) and around it (`container`). */
export default defineCollector({
  async collect(ctx) {
    return {
      ...detectHypervisor(await machineTraces(ctx)),
      container: detectContainer(await containerTraces(ctx)),
    };
  },
});
