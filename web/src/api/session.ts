import { createContext } from 'preact';
import { useContext } from 'preact/hooks';

/** GET /api/v1/session: who this page asks as. */
export interface Session {
  scope: 'read' | 'push' | 'write' | 'admin';
  /** Null for who may read without a session. */
  name: string | null;
  node: string;
}

const nobody: Session = { scope: 'read', name: null, node: '' };

/** The session, for everything below. */
export const SessionContext = createContext<Session>(nobody);

/** Who this page asks as. */
export function useSession(): Session {
  return useContext(SessionContext);
}

/** Whether a session may acknowledge, silence and plan. */
export function mayWrite({ scope }: Session): boolean {
  return scope === 'write' || scope === 'admin';
}

/** Whether it may change the agent itself. */
export function mayAdmin({ scope }: Session): boolean {
  return scope === 'admin';
}
