import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { OpsbroError } from '../core/errors.ts';
import { bundlePlugin } from '../sandbox/approval/bundler.ts';
import { generateSigner, signaturePath, signSource } from '../sandbox/approval/signature.ts';
import { dependenciesOf } from '../sandbox/approval/source.ts';
import { describePermissions } from '../sandbox/grants/words.ts';
import { readLimits } from '../sandbox/limits.ts';
import type { CliContext } from './context.ts';
import { plain } from './table.ts';

/** Adds the verbs of `opsbro plugins` for who hands plugins to many agents. They need no agent. */
export function registerSigning(noun: Command, cli: CliContext): void {
  noun
    .command('keygen')
    .description('make a key to sign plugins with: the private one goes to a file, the public one is printed')
    .requiredOption('--out <file>', 'where the private key goes; a file that exists is left alone')
    .action((options: { out: string }) => makeKey(cli, options.out));
  noun
    .command('sign <path>')
    .description('sign a plugin as it is now, into plugin.sig in its folder or NAME.ts.sig beside its file')
    .requiredOption('--key <file>', 'the private key that keygen wrote')
    .action((path: string, options: { key: string }) => signPlugin(cli, path, options.key));
}

function makeKey(cli: CliContext, out: string): void {
  const path = resolve(out);
  const { privateKey, publicKey } = generateSigner();
  try {
    writeFileSync(path, privateKey, { mode: 0o600, flag: 'wx' });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why = code === 'EEXIST' ? 'it exists already' : `it cannot be written (${code})`;
    throw new OpsbroError('OPSBRO_CLI_USAGE', `${path}: ${why}; name another file with --out`, { cause });
  }
  cli.show({ private_key: path, public_key: publicKey }, () =>
    [
      `the private key is in ${path}: keep it secret. In agent.yml of the agents that are to trust it:`,
      '',
      'approve: signed',
      'plugin_keys:',
      '  - name: NAME',
      `    key: ${publicKey}`,
      '    ceiling:',
      '      permissions: {}   # the most that a plugin of this key gets, e.g. { read: [/proc/**] }',
    ].join('\n'),
  );
}

async function signPlugin(cli: CliContext, given: string, keyFile: string): Promise<void> {
  const path = resolve(given);
  let key: string;
  try {
    key = readFileSync(keyFile, 'utf8');
  } catch (cause) {
    throw new OpsbroError('OPSBRO_CLI_USAGE', `${keyFile}: cannot be read`, { cause });
  }
  const { bundle, source, sourceDigest } = await bundlePlugin(path);
  const { kind, name, version, permissions = {}, limits } = bundle.manifest;
  if (version === undefined)
    throw new OpsbroError(
      'OPSBRO_PLUGIN_MANIFEST',
      `${given}: a signed plugin needs a version, so that an older one is told apart: add 'version: 1.0.0' to its manifest`,
    );
  const signature = { dependencies: dependenciesOf(source), signature: signSource(sourceDigest, key) };
  const file = signaturePath(path, source.isFolder);
  writeFileSync(file, `${JSON.stringify(signature)}\n`, { mode: 0o644 });
  const rights = describePermissions(permissions, readLimits(limits));
  const view = { id: `${kind}/${name}`, version, file, source: sourceDigest, rights };
  cli.show(view, () =>
    [
      `OK: ${view.id} ${plain(version)} is signed in ${file}; it`,
      ...rights.map((right) => `  ${plain(right)}`),
    ].join('\n'),
  );
}
