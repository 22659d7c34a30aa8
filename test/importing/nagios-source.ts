import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type HostChoice, importNagios, type NagiosImport } from '../../importing/import-nagios.ts';
import { readNagios } from '../../importing/nagios/assemble.ts';
import type { NagiosConfiguration } from '../../importing/nagios/model.ts';

/** A Nagios configuration in a folder of its own. */
export class NagiosSource {
  readonly folder = mkdtempSync(join(tmpdir(), 'opsbro-nagios-'));

  /** Writes a file and returns its path. */
  write(path: string, content: string | Buffer): string {
    const file = join(this.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    return file;
  }

  /** Writes objects and a main file that names them; `main` goes before. */
  objects(text: string, main = ''): string {
    this.write('objects.cfg', text);
    return this.write('nagios.cfg', `${main}\ncfg_file=objects.cfg\n`);
  }

  read(text: string, main = ''): NagiosConfiguration {
    return readNagios(this.objects(text, main));
  }

  import(text: string, main = '', choice: HostChoice = { all: true }): NagiosImport {
    return importNagios(this.objects(text, main), choice);
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** `line: message` of every fault. */
export function faultLines({ faults }: { faults: NagiosConfiguration['faults'] }): string[] {
  return faults.map(({ place, message }) => `${place.line}: ${message}`);
}
