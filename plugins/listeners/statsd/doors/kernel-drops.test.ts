import { expect, it } from 'vitest';
import { dropsIn } from './kernel-drops.ts';

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  461: 0100007F:1FBD 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 23456 2 ffff8880 1234
  462: 0200007F:1FBD 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 23457 2 ffff8880 7
`;

it.each([
  ['127.0.0.1', 8125, 1234],
  ['127.0.0.2', 8125, 7],
  ['127.0.0.1', 8126, undefined],
  ['0.0.0.0', 8125, undefined],
])('finds what the kernel dropped for %s port %d', (address, port, expected) => {
  expect(dropsIn(table, address, port)).toBe(expected);
});
