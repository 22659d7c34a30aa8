import { suiteOf } from '../authoring/own-suite.ts';
import { ownTests, runOwnTests } from '../authoring/own-tests.ts';
import { readPlugin } from '../authoring/plugin-place.ts';
import { checkedOptions, Workshop } from '../authoring/workshop.ts';
import type { CliContext } from './context.ts';
import { type GivenOptions, givenOptions } from './plugins-run.ts';
import { shippedPlugins } from './shipped-plugins.ts';
import { plain } from './table.ts';

/**
 * Runs the compliance suite of the plugin's kind, with the options given or else the manifest's, and its own tests, both in the sandbox. Exit 1
 * unless all passed.
 */
export async function testPlugin(cli: CliContext, path: string, given: GivenOptions): Promise<void> {
  const place = readPlugin(path);
  const workshop = new Workshop(cli.process.env);
  try {
    const piece = await workshop.load(place.path);
    const asked = givenOptions(given);
    const options = Object.keys(asked).length > 0 ? checkedOptions(piece.manifest, asked) : undefined;
    const { functions } = shippedPlugins(cli);
    const results: { name: string; problem: string | null; skipped: string | null }[] = [];
    for (const test of suiteOf(place, piece, workshop, functions, options)) {
      const problem = test.skip === undefined ? await test.run().then(() => null, messageOf) : null;
      results.push({ name: test.name, problem, skipped: test.skip ?? null });
    }
    const { paint } = cli;
    cli.show({ id: piece.id, compliance: results }, () =>
      [
        paint.bold(piece.id),
        ...results.map(({ name, problem, skipped }) => {
          if (skipped !== null) return paint.dim(`- ${name}: ${plain(skipped)}`);
          return problem === null
            ? `${paint.green('✔')} ${name}`
            : `${paint.red('✖')} ${name}\n  ${plain(problem)}`;
        }),
      ].join('\n'),
    );
    if (results.some(({ problem }) => problem !== null)) cli.exitCode = 1;
    if (ownTests(place).length === 0)
      cli.note('the plugin has no test of its own: NAME.test.ts beside its code');
    else {
      const output = cli.options().json ? 2 : 1;
      if (!(await runOwnTests(place, piece, { ...cli.process, output }))) cli.exitCode = 1;
    }
  } finally {
    await workshop.close();
  }
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
