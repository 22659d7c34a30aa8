import { connect } from 'node:net';
import { defineFunctions } from 'opsbro/sdk';
import { checkTcp } from './check-tcp.ts';
import { addressOf, nameOf } from './names.ts';

export default defineFunctions({
  functions: {
    check_tcp: (ctx, host, port, timeout) =>
      checkTcp(ctx.signal, connect, host ?? null, port ?? null, timeout ?? null),
    ip_to_host: (ctx, ip) => nameOf(ctx.signal, ip ?? null),
    host_to_ip: (ctx, host) => addressOf(ctx.signal, host ?? null),
  },
});
