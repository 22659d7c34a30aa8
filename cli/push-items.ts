/** GET /api/v1/push/status, as far as items are found in it. */
export interface PushStatus {
  servers: { id: number; name: string; services: { id: number; name: string }[] }[];
}

/** A server, or one of its services, by the name that commands take: `SERVER` or `SERVER/SERVICE`. */
export interface PushedItem {
  kind: 'server' | 'service';
  id: number;
  name: string;
  /** How many services go with it. */
  services: number;
}

/** Every server and every service that was reported. */
export function pushedItems({ servers }: PushStatus): PushedItem[] {
  return servers.flatMap(({ id, name: server, services }): PushedItem[] => [
    { kind: 'server', id, name: server, services: services.length },
    ...services.map(
      (one): PushedItem => ({ kind: 'service', id: one.id, name: `${server}/${one.name}`, services: 1 }),
    ),
  ]);
}
