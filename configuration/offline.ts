/** What commands need to read, check and edit configuration by themselves, with no agent. */

export type { Loaded } from './assemble.ts';
export { Configuration } from './loader.ts';
export { collectPlugins, nameClash, type PluginSet, readShipped } from './plugins/manifests.ts';
export { shownParameters } from './show.ts';
export { scanDirectories, trustedOwners } from './sources/files.ts';
export { kindSchemas } from './sources/kinds.ts';
export { lookUp } from './sources/macros.ts';
export { openFormats, validate } from './sources/validate.ts';
export { editableYaml, isMap, isScalar, isSeq, type Path, parseYaml, yamlText } from './sources/yaml.ts';
