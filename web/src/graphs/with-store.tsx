import type { ComponentChildren } from 'preact';
import { IfServed } from '../api/served.tsx';

/** What takes the metric store, whose routes do not exist where there is none. */
export function WithStore({ children }: { children: ComponentChildren }) {
  return (
    <IfServed path="/render" otherwise={<NoStore />}>
      {children}
    </IfServed>
  );
}

function NoStore() {
  return (
    <p class="note">
      This agent keeps no history of what it measures. With <code>{'store: { enabled: true }'}</code> in{' '}
      <code>agent.yml</code> it does, from then on.
    </p>
  );
}
