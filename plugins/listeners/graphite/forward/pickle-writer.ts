/** Lines as one message of carbon's pickle protocol: its length, and a pickle of `[(name, (time, value)), …]`. */
export function pickleOfLines(lines: Buffer): Buffer {
  const parts: Buffer[] = [Buffer.from([0x80, 2, 0x5d, 0x28])];
  for (const line of lines.toString('utf8').split('\n')) {
    const [name, value, time] = line.split(' ');
    if (name === undefined || value === undefined || time === undefined) continue;
    const text = Buffer.from(name);
    const point = Buffer.allocUnsafe(5 + text.length + 20);
    point[0] = 0x58;
    point.writeUInt32LE(text.length, 1);
    let at = 5 + text.copy(point, 5);
    for (const number of [Number(time), Number(value)]) {
      point[at] = 0x47;
      at = point.writeDoubleBE(number, at + 1);
    }
    point[at] = 0x86;
    point[at + 1] = 0x86;
    parts.push(point);
  }
  parts.push(Buffer.from('e.'));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(parts.reduce((sum, part) => sum + part.length, 0));
  return Buffer.concat([length, ...parts]);
}
