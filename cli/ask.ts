import { createInterface } from 'node:readline/promises';

/** Asks on the terminal and gives what was typed; null when there is none: input came from elsewhere, or ended. */
export async function askOnTerminal(question: string): Promise<string | null> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY || !stderr.isTTY) return null;
  const lines = createInterface({ input: stdin, output: stderr });
  const gone = new Promise<null>((resolve) => lines.once('close', () => resolve(null)));
  try {
    return await Promise.race([lines.question(question), gone]);
  } finally {
    lines.close();
  }
}
