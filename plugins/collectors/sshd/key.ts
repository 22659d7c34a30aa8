/** A public key line of OpenSSH: type, base64 blob, optional comment (sshd(8), AUTHORIZED_KEYS FILE FORMAT). */
const KEY_LINE = /^(?:ssh|ecdsa|sk)-[\w@.-]+[ \t]+([A-Za-z0-9+/]{16,}={0,2}(?:[ \t].*)?)$/;

/** Returns the key without its leading type; undefined when no line of the text is a public key. */
export function withoutKeyType(text: string): string | undefined {
  for (const line of text.split('\n')) {
    const match = KEY_LINE.exec(line.trim());
    if (match) return match[1];
  }
  return undefined;
}
