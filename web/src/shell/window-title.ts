import { useEffect } from 'preact/hooks';

/** The title of the window: how many problems there are, where one is, whose page it is. */
export function useWindowTitle(problems: number, page: string, node: string): void {
  useEffect(() => {
    const before = problems > 0 ? `(${problems}) ` : '';
    document.title = `${before}${page} · ${node === '' ? 'OpsBro' : node}`;
  }, [problems, page, node]);
}
