import { defineFunctions } from 'opsbro/sdk';
import { fileHashMatch } from './file-hash.ts';
import { grepFile } from './grep-file.ts';
import { parseJsonFile } from './json-file.ts';
import { fileExists, isDirectory, isLink, isPlainFile } from './path-kinds.ts';

export default defineFunctions({
  functions: {
    file_exists: fileExists,
    grep_file: grepFile,
    is_dir: isDirectory,
    is_link: isLink,
    is_plain_file: isPlainFile,
    file_hash_match: fileHashMatch,
    parse_json_file: parseJsonFile,
  },
});
