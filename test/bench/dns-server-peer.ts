import { parentPort, workerData } from 'node:worker_threads';
import type { Json, ServiceDefinition } from 'opsbro/sdk';
import { serviceContext } from '../../sdk/testing/index.ts';

const { options, nodes } = workerData as { options: object; nodes: Json };
const plugin = new URL('../../plugins/exporters/dns/index.js', import.meta.url);
const { default: dns } = (await import(plugin.href)) as { default: ServiceDefinition<object> };
const ctx = serviceContext({ options, snapshots: { nodes } });
await dns.start(ctx);
parentPort?.postMessage('ready');
