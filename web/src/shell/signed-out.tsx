import { Command } from '../parts/command.tsx';

/** What is shown to whom the agent does not know. */
export function SignedOut() {
  return (
    <main class="alone">
      <h1>Not signed in</h1>
      <p>This page takes a session of the agent. On its host, run</p>
      <Command text="opsbro web open" />
      <p>and open the address that it prints. It works once, and for a short time.</p>
    </main>
  );
}

/** What is shown while the agent cannot be reached at all. */
export function Unreachable({ message, retry }: { message: string; retry(): void }) {
  return (
    <main class="alone">
      <h1>No answer</h1>
      <p role="alert">{message}.</p>
      <p>
        <button type="button" onClick={retry}>
          Try again
        </button>
      </p>
    </main>
  );
}
