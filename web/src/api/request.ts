/** What the agent answered instead of what was asked for. */
export class ApiError extends Error {
  /** Of HTTP; 0 where nothing answered. */
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const timeoutMs = 15_000;
let whenSignedOut: () => void = () => undefined;

/** Calls `run` when the agent no longer knows who asks. */
export function onSignedOut(run: () => void): void {
  whenSignedOut = run;
}

/** Shows that nobody is signed in any more. */
export function leave(): void {
  whenSignedOut();
}

/** Asks for JSON by a path from the base of the agent, such as `api/v1/checks`. Throws ApiError. */
export function get<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
  return ask<Answer>(path, { ...(signal && { signal }) });
}

/** Changes something. The header tells the agent that this page asks, and no form of another one. Throws ApiError. */
export function send<Answer>(
  method: 'POST' | 'DELETE',
  path: string,
  body?: object,
  more: RequestInit = {},
): Promise<Answer> {
  const headers = {
    'x-opsbro-csrf': '1',
    ...(body !== undefined && { 'content-type': 'application/json' }),
  };
  return ask<Answer>(path, { ...more, method, headers, ...(body && { body: JSON.stringify(body) }) });
}

async function ask<Answer>(path: string, init: RequestInit): Promise<Answer> {
  const deadline = AbortSignal.timeout(timeoutMs);
  const signal = init.signal ? AbortSignal.any([init.signal, deadline]) : deadline;
  let response: Response;
  let text: string;
  try {
    response = await fetch(new URL(`../${path}`, document.baseURI), {
      credentials: 'same-origin',
      ...init,
      signal,
    });
    text = await response.text();
  } catch (error) {
    if (init.signal?.aborted === true) throw error;
    throw new ApiError(0, '', unanswered(deadline.aborted, init.method !== undefined));
  }
  if (response.ok) return JSON.parse(text) as Answer;
  if (response.status === 401) whenSignedOut();
  throw errorOf(response.status, text);
}

/** What is said where nothing answered. Of a change that was sent nobody knows then whether it was made. */
export function unanswered(isLate: boolean, isChange: boolean): string {
  if (!isLate) return 'the agent cannot be reached';
  return `the agent does not answer in time${isChange ? '; it may still do this, so look before you try again' : ''}`;
}

/** Whether the same question may be answered later: nothing answered, or the agent is busy. */
export function mayPass(error: ApiError | undefined): boolean {
  return error !== undefined && (error.status === 0 || error.status === 429 || error.status >= 500);
}

/** The error that an answer tells of, in the words of the agent where it has some. */
export function errorOf(status: number, text: string): ApiError {
  try {
    const { error } = JSON.parse(text) as { error?: { code?: string; message?: string } | string };
    if (typeof error === 'string') return new ApiError(status, '', error);
    return new ApiError(status, error?.code ?? '', error?.message ?? `the agent answered ${status}`);
  } catch {
    return new ApiError(status, '', `the agent answered ${status}`);
  }
}
