/** A page that the navigation names. */
export interface NamedPage {
  page: string;
  title: string;
  /** Pages that count as part of it. */
  also?: readonly string[];
}

/** In the order of the navigation. */
export const namedPages: readonly NamedPage[] = [
  { page: 'overview', title: 'Overview' },
  { page: 'checks', title: 'Checks', also: ['check'] },
  { page: 'held', title: 'Held back' },
  { page: 'cluster', title: 'Cluster', also: ['node'] },
  { page: 'collectors', title: 'Collectors' },
  { page: 'graphs', title: 'Graphs' },
  { page: 'push', title: 'Push' },
  { page: 'plugins', title: 'Plugins' },
  { page: 'configuration', title: 'Configuration' },
];

/** Whether a page is shown as where somebody is. */
export function isWithin({ page, also = [] }: NamedPage, shown: string): boolean {
  return page === shown || also.includes(shown);
}
