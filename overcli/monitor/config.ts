import { readFileSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Endpoint, readServer } from '../endpoint.ts';
import { Failure } from '../failure.ts';
import { type IniOption, type IniSection, readIni } from './ini.ts';

/** A service that a monitor watches. */
export interface MonitoredService {
  name: string;
  /** Seconds between reports, as promised to the server. */
  periodS: number;
  /** As written. */
  command: string;
  /** Seconds that the command is known to take at most. */
  maxLagS: number | undefined;
}

/** A monitor's file, understood. */
export interface MonitorConfig {
  /** Its path, links resolved. */
  file: string;
  /** Where commands run. */
  directory: string;
  endpoint: Endpoint;
  services: MonitoredService[];
  /** What is odd about it, for people. */
  warnings: string[];
}

const knownOptions: { [type: string]: string[] } = {
  overc: ['server', 'my-name', 'my-key', 'enrollment-token'],
  service: ['period', 'command', 'max-lag'],
};

/** Reads a monitor's file. Throws a `config` failure that says where and what. */
export function readMonitorConfig(path: string): MonitorConfig {
  const { file, text } = readFile(path);
  const fail = (line: number, problem: string): never => {
    throw new Failure('config', `${path}:${line}: ${problem}`);
  };
  const sections = readIni(text, fail);
  const services: MonitoredService[] = [];
  for (const section of sections) {
    const [type = '', ...names] = section.name.split(':');
    if (names.length === 0) continue;
    if (type !== 'service') fail(section.line, `Unknown section type: "${type}"`);
    services.push(readService(section, names.join(':'), fail));
  }
  const overc = sections.find(({ name }) => name === 'overc');
  if (overc === undefined) return fail(1, 'the section [overc] is missing');
  const endpoint = readEndpoint(overc, fail);
  if (services.length === 0) fail(overc.line, 'there is no [service:NAME], so there is nothing to watch');
  return { file, directory: dirname(file), endpoint, services, warnings: oddities(path, sections, text) };
}

function readFile(path: string): { file: string; text: string } {
  try {
    const file = realpathSync(path);
    return { file, text: readFileSync(file, 'utf8') };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new Failure('config', `Config file does not exist: ${path}`);
    throw new Failure('config', `${path}: ${message}`);
  }
}

type Fail = (line: number, problem: string) => never;

function readEndpoint(section: IniSection, fail: Fail): Endpoint {
  const server = wanted(section, 'server', fail);
  const enrollmentToken = section.options.get('enrollment-token')?.value;
  return {
    ...readServer(server.value, (problem) => fail(server.line, `server ${problem}`)),
    name: wanted(section, 'my-name', fail).value,
    key: wanted(section, 'my-key', fail).value,
    ...(enrollmentToken ? { enrollmentToken } : {}),
  };
}

function readService(section: IniSection, name: string, fail: Fail): MonitoredService {
  const period = wanted(section, 'period', fail);
  if (!/^\d{1,9}$/.test(period.value) || Number(period.value) === 0)
    fail(period.line, `period should be a whole number of seconds, found '${period.value}'`);
  const maxLag = section.options.get('max-lag');
  if (maxLag !== undefined && !/^\d+(\.\d*)?$|^\.\d+$/.test(maxLag.value))
    fail(maxLag.line, `max-lag should be a number of seconds, found '${maxLag.value}'`);
  return {
    name,
    periodS: Number(period.value),
    command: wanted(section, 'command', fail).value,
    maxLagS: maxLag === undefined ? undefined : Number(maxLag.value),
  };
}

function wanted(section: IniSection, name: string, fail: Fail): IniOption {
  const option = section.options.get(name);
  if (option === undefined || option.value === '')
    return fail(section.line, `[${section.name}] lacks '${name}'`);
  return option;
}

/** Options nobody reads, unless another option's value refers to them. */
function oddities(path: string, sections: IniSection[], text: string): string[] {
  return sections.flatMap(({ name, options }) => {
    const known = knownOptions[name.split(':')[0] ?? ''];
    if (known === undefined) return [];
    return [...options]
      .filter(([option]) => !known.includes(option) && !text.toLowerCase().includes(`%(${option})s`))
      .map(
        ([option, { line }]) =>
          `${path}:${line}: [${name}] has no option '${option}'; it takes ${known.join(', ')}`,
      );
  });
}
