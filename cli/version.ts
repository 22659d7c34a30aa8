import type { Command } from 'commander';
import type { CliContext } from './context.ts';
import { packageVersion } from './package-version.ts';

/** Adds `opsbro version`. */
export function registerVersion(program: Command, cli: CliContext): void {
  program
    .command('version')
    .description('print the version')
    .action(() => {
      const version = packageVersion(cli.process.root);
      cli.show({ version, node: process.versions.node }, () => version);
    });
}

/** Adds `opsbro banner`. */
export function registerBanner(program: Command, cli: CliContext): void {
  program
    .command('banner')
    .description('print the banner')
    .action(() => cli.show({ banner: bannerText(cli) }, () => bannerText(cli)));
}

/** The name in large letters, with the version below. */
export function bannerText(cli: CliContext): string {
  const letters = [
    '   ____             ____            ',
    '  / __ \\____  _____/ __ )_________  ',
    ' / / / / __ \\/ ___/ __  / ___/ __ \\ ',
    '/ /_/ / /_/ (__  ) /_/ / /  / /_/ / ',
    '\\____/ .___/____/_____/_/   \\____/  ',
    '    /_/                             ',
  ];
  const version = `version ${packageVersion(cli.process.root)}`;
  return [...letters.map((line) => cli.paint.cyan(line.trimEnd())), cli.paint.dim(version)].join('\n');
}
