/** What a route asks for, and what a token is given. */
export type Scope = 'read' | 'push' | 'write' | 'admin';

const granted: { [scope in Scope]: readonly Scope[] } = {
  read: ['read'],
  push: ['push'],
  write: ['read', 'write'],
  admin: ['read', 'push', 'write', 'admin'],
};

/** Whether text is a scope. */
export function isScope(text: unknown): text is Scope {
  return typeof text === 'string' && Object.hasOwn(granted, text);
}

/** The routes' scopes that a token of `scope` may use: `push` is for hosts that report, and reads nothing. */
export function scopesOf(scope: Scope): ReadonlySet<string> {
  return new Set(granted[scope]);
}
