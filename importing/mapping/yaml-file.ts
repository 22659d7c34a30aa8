import type { Json } from 'opsbro/sdk';
import { editableYaml, isMap, isScalar, isSeq } from '../../configuration/offline.ts';

/** One key of an object, with what stands above it. */
export interface YamlKey {
  key: string;
  value: Json;
  comment?: string;
}

/** What is secret of them is not shown. */
export function maskedKeys(keys: readonly YamlKey[], secret: readonly string[]): YamlKey[] {
  return keys.map((each) => (secret.includes(each.key) ? { ...each, value: '***' } : each));
}

/** A file of one object: comments on top, then its keys in this order. Lists of plain values take one line. */
export function yamlFile(head: string[], kind: string, keys: readonly YamlKey[]): string {
  const document = editableYaml('');
  const value = Object.fromEntries(keys.map((each) => [each.key, each.value]));
  document.contents = document.createNode({ [kind]: value });
  document.commentBefore = head.map(commentText).join('\n');
  const map = document.get(kind, true);
  for (const { key, value: node } of isMap(map) ? map.items : []) {
    const comment = keys.find((each) => isScalar(key) && each.key === key.value)?.comment;
    if (comment !== undefined && isScalar(key)) key.commentBefore = commentText(comment);
    const items = isSeq(node) ? node.items : [];
    if (isSeq(node) && items.every((item) => isScalar(item) && !String(item.value).includes('\n')))
      node.flow = true;
    for (const item of items)
      if (isMap(item) && item.items.every((pair) => isScalar(pair.value))) item.flow = true;
  }
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

/** One line, whatever the source holds: a line end would end the comment. */
function commentText(text: string): string {
  return ` ${text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ').slice(0, 500)}`;
}
