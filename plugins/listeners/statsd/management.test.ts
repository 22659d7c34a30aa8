import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { NameTable } from './grammar/name-table.ts';
import { Parser } from './grammar/parser.ts';
import { Columns } from './interval/columns.ts';
import { Management } from './management.ts';

let now: number;
let parser: Parser;
let management: Management;

beforeEach(() => {
  now = 1000;
  const table = new NameTable({ names: 100, chars: 1e6 });
  const columns = new Columns(table);
  parser = new Parser(table, columns, () => undefined);
  management = new Management({
    table,
    columns,
    counts: parser.counts,
    settings: { port: 8125 },
    now: () => now,
    kernel: () => ({ drops: 7, buffer: { asked: 4096, granted: 8192 } }),
  });
  parser.packet(Buffer.from('a.b:3|c\na.c:1|c\ng:5|g\nt:7|ms\nt:1|ms\nbad'));
});
afterEach(() => management.close());

it.each([
  ['counters', "{ 'a.b': 3, 'a.c': 1 }\nEND\n\n"],
  ['gauges\n', '{ g: 5 }\nEND\n\n'],
  ['timers', '{ t: [ 7, 1 ] }\nEND\n\n'],
  ['health', 'health: up\n'],
  ['health down', 'health: down\n'],
  ['config', '\nport: 8125\n'],
  ['quit', null],
  ['nonsense', 'ERROR\n'],
  ['delcounters a.x', 'metric a.x not found\nEND\n\n'],
])('answers %j as the original does', (line, answer) => {
  expect(management.answer(line)).toBe(answer);
});

it('tells when it last saw a packet, what was bad by reason, and what the kernel dropped', () => {
  now = 1010;
  management.look();
  now = 1015;
  expect(management.answer('stats')).toBe(
    'uptime: 15\nmessages.last_msg_seen: 5\nmessages.bad_lines_seen: 1\nmessages.bad_lines_seen.no_value: 1\n' +
      'messages.packets_received: 1\nmessages.metrics_received: 5\nmessages.kernel_drops: 7\n' +
      'receive_buffer.asked: 4096\nreceive_buffer.granted: 8192\nEND\n\n',
  );
});

it('deletes by name and by folder, until something comes again', () => {
  expect(management.answer('delcounters a.*')).toBe('deleted: a.b\ndeleted: a.c\nEND\n\n');
  expect(management.answer('delgauges g')).toBe('deleted: g\nEND\n\n');
  expect(management.answer('deltimers t x')).toBe('deleted: t\nmetric x not found\nEND\n\n');
  expect(management.answer('counters')).toBe('{}\nEND\n\n');
  parser.packet(Buffer.from('a.b:2|c\ng:+1|g'));
  expect(management.answer('counters')).toBe("{ 'a.b': 2 }\nEND\n\n");
  expect(management.answer('gauges')).toBe('{ g: 1 }\nEND\n\n');
});

it('answers on its port until it is told to quit', async () => {
  const socket = connect(await management.open(0), '127.0.0.1').setEncoding('utf8');
  await once(socket, 'connect');
  socket.write('health\ngauges\nquit\n');
  let text = '';
  for await (const part of socket) text += part;
  expect(text).toBe('health: up\n{ g: 5 }\nEND\n\n');
});

it('holds no more answers than one for who does not read them', async () => {
  for (let index = 0; index < 90; index += 1) parser.packet(Buffer.from(`${'n'.repeat(200)}${index}:1|g`));
  const one = management.answer('gauges')!.length;
  const socket = connect(await management.open(0), '127.0.0.1');
  await once(socket, 'connect');
  socket.pause();
  // What the kernel holds is a few megabytes: less than what is asked for.
  for (let round = 0; round < 20; round += 1) socket.write('gauges\n'.repeat(500));
  await expect.poll(() => management.unread, { timeout: 10_000 }).toBeGreaterThan(0);
  expect(management.unread).toBeLessThanOrEqual(one);
  socket.destroy();
});

it('answers who ends his side with his question', async () => {
  const socket = connect(await management.open(0), '127.0.0.1').setEncoding('utf8');
  socket.end('gauges\nhealth');
  let text = '';
  for await (const part of socket) text += part;
  expect(text).toBe('{ g: 5 }\nEND\n\nhealth: up\n');
});
