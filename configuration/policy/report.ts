import type { ErrorCode } from '../../core/errors.ts';
import type { Path } from '../sources/yaml.ts';

/** Takes one finding about an object's key or value at `path`; `offset` counts characters inside of it. */
export type Report = (
  severity: 'error' | 'warning',
  code: ErrorCode,
  message: string,
  path: Path,
  of?: 'key' | 'value',
  offset?: number,
) => void;
