import type { ChildProcess } from 'node:child_process';
import type { Seen } from './views.ts';

/** A member of a cluster as a process. */
export interface MemberProcess {
  child: ChildProcess;
  /** Resolves once it listens. */
  listening: Promise<void>;
  /** Tells it to join who listens at the address of another, on the port that all have. */
  join(address: string): void;
}

/** What all members of a cluster have in common. */
export interface ClusterSettings {
  port: number;
  /** 32 bytes in base64. */
  key: string;
}

/** Starts a member that listens at `address`; `onSeen` hears what it tells of others. */
export type StartMember = (
  name: string,
  address: string,
  settings: ClusterSettings,
  onSeen: (of: string, seen: Seen) => void,
) => MemberProcess;
