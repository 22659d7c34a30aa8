/** Headers and parts of a message as nodemailer writes them. */
export function read(message: Buffer): { headers: { [name: string]: string }; text: string; html: string } {
  const entities = message.toString('latin1').split(/\r\n--[^\r\n]+(?:\r\n|--)/);
  const headers = headersOf(entities[0] ?? '');
  const part = (type: string): string => {
    const found = entities.find((entity) => headersOf(entity)['content-type']?.startsWith(type)) ?? '';
    const body = found.slice(found.indexOf('\r\n\r\n') + 4);
    const encoding = headersOf(found)['content-transfer-encoding'];
    const bytes = encoding === 'base64' ? Buffer.from(body, 'base64') : Buffer.from(unquoted(body), 'latin1');
    return bytes.toString('utf8').replaceAll('\r\n', '\n');
  };
  return { headers, text: part('text/plain'), html: part('text/html') };
}

function headersOf(entity: string): { [name: string]: string } {
  const [head = ''] = entity.split('\r\n\r\n', 1);
  const lines = head.replaceAll(/\r\n[ \t]+/g, ' ').split('\r\n');
  return Object.fromEntries(
    lines.map((line) => {
      const [name = '', value = ''] = line.split(/: (.*)/s);
      const words = value.replaceAll(/\?= =\?/g, '?==?');
      const text = words.replaceAll(/=\?UTF-8\?([QB])\?(.*?)\?=/gi, (_, kind, word: string) =>
        kind.toUpperCase() === 'B'
          ? Buffer.from(word, 'base64').toString()
          : Buffer.from(unquoted(word.replaceAll('_', ' ')), 'latin1').toString(),
      );
      return [name.toLowerCase(), text];
    }),
  );
}

function unquoted(text: string): string {
  const joined = text.replaceAll('=\r\n', '');
  return joined.replaceAll(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
}
