import type { JsonObject, Log } from 'opsbro/sdk';

/** A log whose lines of every level go one way: `pass`. */
export abstract class LeveledLog implements Log {
  protected abstract pass(level: keyof Log, message: string, fields?: JsonObject): void;

  debug(message: string, fields?: JsonObject): void {
    this.pass('debug', message, fields);
  }

  info(message: string, fields?: JsonObject): void {
    this.pass('info', message, fields);
  }

  warn(message: string, fields?: JsonObject): void {
    this.pass('warn', message, fields);
  }

  error(message: string, fields?: JsonObject): void {
    this.pass('error', message, fields);
  }
}
