/** Options as the manifest declares them. */
export interface Options {
  address: string;
  port: number;
  names: string[];
  origins: string[];
  anonymous: 'read' | 'none';
  max_clients: number;
  backlog: string;
}
