import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { OpsbroError } from '../core/errors.ts';
import { type IniOption, type IniSection, readIni } from '../overcli/monitor/ini.ts';
import type { ImportedFile } from './import-nagios.ts';
import { Names } from './mapping/names.ts';
import { ImportReport } from './mapping/report.ts';
import { maskedKeys, type YamlKey, yamlFile } from './mapping/yaml-file.ts';
import type { Place } from './nagios/model.ts';

/** What the settings of an OverC 1.0.9 come to. Nothing is written yet. */
export interface OvercImport {
  files: ImportedFile[];
  handlers: number;
  /** URL of its database; null where nothing names one. */
  database: string | null;
  report: ImportReport;
}

/** Where a setting comes from: a line of a file, or a variable of the environment. */
interface Setting {
  value: string;
  place: Place;
  variable: string | null;
}

const known = ['database', 'loglevel', 'api_auth', 'ui_auth'];

/**
 * Turns a `server.ini`, where there is one, and variables `OVERC_X`, which win over it, into the push server's settings and a handler for each of
 * its alert plugins. Throws OPSBRO_CONFIG_UNREADABLE for a file that cannot be read, OPSBRO_CONFIG_SYNTAX for what is no such file.
 */
export function importOverc(path: string | null, env: { [name: string]: string | undefined }): OvercImport {
  const sections = path === null ? [] : readSections(path);
  return new Import(path, sections, env).run();
}

function readSections(path: string): IniSection[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const said = code === 'ENOENT' ? `Config file does not exist: ${path}` : message;
    throw new OpsbroError('OPSBRO_CONFIG_UNREADABLE', said, { cause });
  }
  return readIni(text, (line, problem) => {
    throw new OpsbroError('OPSBRO_CONFIG_SYNTAX', `${path}:${line}: ${problem}`);
  });
}

class Import {
  private readonly path: string | null;
  private readonly sections: IniSection[];
  private readonly env: { [name: string]: string | undefined };
  private readonly report = new ImportReport();
  private readonly files: ImportedFile[] = [];

  constructor(path: string | null, sections: IniSection[], env: { [name: string]: string | undefined }) {
    this.path = path;
    this.sections = sections;
    this.env = env;
  }

  run(): OvercImport {
    const { files, report } = this;
    this.server();
    for (const section of this.sections) this.section(section);
    const names = new Names();
    for (const section of this.sections) this.handler(section, names);
    return { files, handlers: files.length - 1, database: this.setting('database')?.value ?? null, report };
  }

  private server(): void {
    const keys: YamlKey[] = [{ key: 'enabled', value: true }];
    const secret: string[] = [];
    for (const key of ['api_auth', 'ui_auth']) {
      const setting = this.setting(key);
      if (setting === undefined) continue;
      if (setting.variable === null) secret.push(key);
      keys.push({ key, value: setting.variable === null ? setting.value : { env: setting.variable } });
      this.report.carry(setting.place, key, `overc.${key}`);
    }
    const level = this.setting('loglevel');
    if (level !== undefined)
      this.report.lose(level.place, 'loglevel', "give 'opsbro agent start' a --log-level");
    const link = 'OVERC_DB_LINK';
    if (this.env[link] !== undefined)
      this.report.lose(
        variablePlace(link),
        link,
        'links of containers are not followed: give the URL of the database',
      );
    const database = this.setting('database');
    if (database !== undefined)
      this.report.change(
        database.place,
        'database',
        "what is in it is carried, and what comes is kept in the agent's data directory; 'database' of overc keeps it in a database",
      );
    const head = [
      'The push server, as OverC was. It listens on 127.0.0.1:5000: see address, port and trusted_proxies',
      this.source(),
    ];
    this.files.push({
      path: 'overc/push.yml',
      text: yamlFile(head, 'overc', keys),
      isSecret: secret.length > 0,
      ...(secret.length > 0 && { shown: yamlFile(head, 'overc', maskedKeys(keys, secret)) }),
    });
  }

  private source(): string {
    return this.path === null ? 'from variables of the environment' : `from ${this.path}`;
  }

  private setting(name: string): Setting | undefined {
    const variable = `OVERC_${name.toUpperCase()}`;
    const value = this.env[variable];
    if (value !== undefined) return { value, variable, place: variablePlace(variable) };
    const option = this.sections.find((section) => section.name === 'overc')?.options.get(name);
    return option && { value: option.value, variable: null, place: this.place(option.line) };
  }

  /** What of a section has no counterpart. */
  private section({ name, line, options }: IniSection): void {
    const isAlert = name.startsWith('alert:');
    if (name !== 'overc' && !isAlert) {
      this.report.lose(this.place(line), `[${name}]`, 'OverC knew no such section');
      return;
    }
    const taken = isAlert ? ['command'] : known;
    for (const [option, { line: at }] of options)
      if (!taken.includes(option)) this.report.lose(this.place(at), option, `nothing here is like it`);
  }

  private handler({ name: title, line, options }: IniSection, names: Names): void {
    const name = /^alert:(.+)$/s.exec(title)?.[1];
    if (name === undefined) return;
    const command: IniOption | undefined = options.get('command');
    if (command === undefined || command.value === '') {
      this.report.lose(this.place(line), `[${title}]`, "it has no 'command'");
      return;
    }
    const id = names.take(name);
    const place = this.place(command.line);
    this.report.carry(place, `[${title}]`, `overc/handler/${id}`);
    const keys: YamlKey[] = [
      { key: 'type', value: 'overc' },
      { key: 'directory', value: dirname(resolve(this.path ?? '')) },
      { key: 'command', value: command.value },
    ];
    const head = [`OverC: [${title}]`, `${place.file}:${place.line}`];
    this.files.push({
      path: `overc/handlers/${id}.yml`,
      text: yamlFile(head, 'handler', keys),
      isSecret: false,
    });
  }

  private place(line: number): Place {
    return { file: this.path ?? '', line };
  }
}

/** Line 0: it is no file. */
function variablePlace(variable: string): Place {
  return { file: variable, line: 0 };
}
