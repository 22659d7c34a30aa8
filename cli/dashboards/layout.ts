import { isSplit, type Node, type Widget } from './content.ts';

/** A rectangle of a screen, in characters. */
export interface Area {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A widget and where it is drawn, its frame included. */
export interface Placed {
  widget: Widget;
  area: Area;
}

/** What a node asks for: the least it can be drawn in, the height it would like, and what share of more it takes. */
interface Wish {
  width: number;
  height: number;
  wanted: number;
  share: number;
}

const frame = 2;
const leastWidth = 12;
/** Lines inside the frame, and what share of the rest a widget takes. */
const sizes = {
  horizontal_gauge: { lines: 1, share: 0 },
  donut: { lines: 4, share: 1 },
  horizontal_chart: { lines: 2, share: 2 },
  text: { lines: 1, share: 0 },
} as const;

/**
 * Where each widget of a dashboard is drawn in `area`; null where that is too small for frames around all of them. `linesOf` tells how many
 * lines a text has now.
 */
export function placeWidgets(node: Node, area: Area, linesOf: (widget: Widget) => number): Placed[] | null {
  const wish = wishOf(node, linesOf);
  if (wish.width > area.width || wish.height > area.height) return null;
  return placed(node, area, linesOf);
}

function wishOf(node: Node, linesOf: (widget: Widget) => number): Wish {
  if (!isSplit(node)) {
    const { lines, share } = sizes[node.kind];
    const wanted = frame + (node.kind === 'text' ? Math.max(lines, linesOf(node)) : lines);
    return { width: leastWidth, height: frame + lines, wanted, share };
  }
  const wishes = node.nodes.map((one) => wishOf(one, linesOf));
  const sum = (of: keyof Wish): number => wishes.reduce((total, wish) => total + wish[of], 0);
  const max = (of: keyof Wish): number => Math.max(0, ...wishes.map((wish) => wish[of]));
  return node.kind === 'vertical'
    ? { width: max('width'), height: sum('height'), wanted: sum('wanted'), share: sum('share') }
    : { width: sum('width'), height: max('height'), wanted: max('wanted'), share: max('share') };
}

function placed(node: Node, area: Area, linesOf: (widget: Widget) => number): Placed[] {
  if (!isSplit(node)) return [{ widget: node, area }];
  const wishes = node.nodes.map((one) => wishOf(one, linesOf));
  const found: Placed[] = [];
  let { x, y } = area;
  if (node.kind === 'vertical') {
    const heights = divide(area.height, wishes);
    node.nodes.forEach((one, index) => {
      const height = heights[index] as number;
      found.push(...placed(one, { ...area, y, height }, linesOf));
      y += height;
    });
    return found;
  }
  const widths = divide(
    area.width,
    wishes.map(({ width }) => ({ height: width, wanted: width, share: width })),
  );
  node.nodes.forEach((one, index) => {
    const width = widths[index] as number;
    const wish = wishes[index] as Wish;
    const height = wish.share > 0 ? area.height : Math.min(area.height, wish.wanted);
    found.push(...placed(one, { ...area, x, width, height }, linesOf));
    x += width;
  });
  return found;
}

/** Sizes that give each what it needs, then what it would like, then its share of the rest; to the first what cannot be divided. */
function divide(room: number, wishes: readonly Omit<Wish, 'width'>[]): number[] {
  const sizes = wishes.map(({ height }) => height);
  let left = room - sizes.reduce((sum, size) => sum + size, 0);
  wishes.forEach(({ height, wanted }, index) => {
    const more = Math.min(left, wanted - height);
    sizes[index]! += more;
    left -= more;
  });
  const shares = wishes.reduce((sum, { share }) => sum + share, 0);
  if (shares === 0) return sizes;
  const parts = wishes.map(({ share }) => Math.floor((left * share) / shares));
  let rest = left - parts.reduce((sum, part) => sum + part, 0);
  return sizes.map((size, index) => {
    const one = rest > 0 && wishes[index]!.share > 0 ? 1 : 0;
    rest -= one;
    return size + parts[index]! + one;
  });
}
