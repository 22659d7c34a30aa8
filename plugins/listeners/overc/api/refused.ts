/** What a request is answered with that cannot be done. */
export class Refused extends Error {
  readonly status: number;
  readonly headers: { [name: string]: string } | undefined;

  constructor(status: number, message: string, headers?: { [name: string]: string }) {
    super(message);
    this.status = status;
    this.headers = headers ?? (status === 429 ? { 'retry-after': '1' } : undefined);
  }
}

/** Where reports are kept cannot be reached, or refuses; the message is for the log. */
export class Unavailable extends Error {}
