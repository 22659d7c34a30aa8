import type { Json } from 'opsbro/sdk';
import { editableYaml, isMap, isScalar, isSeq, type Path } from '../configuration/offline.ts';

/**
 * Changes one YAML text in place, keeping comments and key order. Throws when the text does not parse.
 * Used by `opsbro agent parameters` and `opsbro packs parameters`.
 */
export class YamlEdit {
  private readonly document: ReturnType<typeof editableYaml>;

  constructor(text: string) {
    this.document = editableYaml(text);
  }

  /** The value at a path as plain data; undefined where there is none. */
  get(path: Path): Json | undefined {
    const node = this.document.getIn(path, true);
    return isScalar(node) || isMap(node) || isSeq(node)
      ? (node.toJS(this.document, { maxAliasCount: 20 }) as Json)
      : undefined;
  }

  set(path: Path, value: Json): void {
    if (this.document.contents === null) this.document.contents = this.document.createNode({});
    this.document.setIn(path, value);
  }

  /** Replaces the items of a list, keeping the nodes (and comments) of those that stay. */
  setItems(path: Path, items: Json[]): void {
    const list = this.document.getIn(path, true);
    if (!isSeq(list)) {
      this.set(path, items);
      return;
    }
    const left = [...list.items];
    list.items = items.map((item) => {
      const index = left.findIndex((node) => isScalar(node) && node.value === item);
      return index === -1 ? this.document.createNode(item) : left.splice(index, 1)[0];
    });
  }

  /** Comment lines right above and beside a key, without `#`. */
  comments(path: Path): string[] {
    const parent = path.length === 1 ? this.document.contents : this.document.getIn(path.slice(0, -1), true);
    if (!isMap(parent)) return [];
    const index = parent.items.findIndex(
      ({ key }) => isScalar(key) && String(key.value) === String(path.at(-1)),
    );
    const pair = parent.items[index];
    // What stands above the first key belongs to the mapping, and before a blank line to the file.
    const above = isScalar(pair?.key)
      ? (pair.key.commentBefore ?? (index === 0 ? this.head(parent) : undefined))
      : undefined;
    const beside = isScalar(pair?.value) || isSeq(pair?.value) ? pair.value.comment : undefined;
    const near = above?.split(/\n[ \t]*\n/).at(-1);
    return [near, beside].flatMap((text) => text?.split('\n') ?? []).map((line) => line.trim());
  }

  private head(parent: { commentBefore?: string | null }): string | undefined {
    return parent.commentBefore ?? this.document.commentBefore ?? undefined;
  }

  toString(): string {
    return this.document.toString({ lineWidth: 0 });
  }
}
