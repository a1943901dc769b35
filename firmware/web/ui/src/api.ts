// The typed client of `/api/v1`: every call of the pages goes through here.
// It carries the CSRF token, and turns an error of any kind into a `Refused` with its sentences.
import type * as T from './types';

const BASE = '/api/v1';
let csrf = '';
let onSignedOut: () => void = () => undefined;

export class Refused extends Error {
  constructor(readonly status: number, readonly problems: T.Problem[], readonly retryAfter_s: number | null) {
    super(problems.map((problem) => problem.message).join(' '));
  }
}

export function setToken(token: string): void { csrf = token; }
export function whenSignedOut(act: () => void): void { onSignedOut = act; }
export const url = (path: string): string => BASE + path;

async function ask<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (method !== 'GET') headers['X-CSRF-Token'] = csrf;
  let response: Response;
  try {
    response = await fetch(BASE + path, {
      method, headers, credentials: 'same-origin', cache: 'no-store',
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Refused(0, [{ message: 'The station does not answer. Check the connection and try again.' }], null);
  }
  const text = await response.text();
  let answer: unknown = null;
  try { answer = text ? JSON.parse(text) : null; } catch { answer = text; }
  if (response.ok) return answer as Answer;
  if (response.status === 401 && path !== '/login') onSignedOut();
  const told = (answer as { errors?: T.Problem[] } | null)?.errors;
  const wait = Number(response.headers.get('Retry-After'));
  throw new Refused(
    response.status,
    told?.length ? told : [{ message: `The station answered ${response.status}.` }],
    Number.isFinite(wait) && wait > 0 ? wait : null,
  );
}

const get = <A>(path: string) => ask<A>('GET', path);
const post = <A>(path: string, body: unknown = {}) => ask<A>('POST', path, body);

export const api = {
  session: () => get<T.Session>('/session'),
  login: (user: string, password: string) => post<T.Session>('/login', { user, password }),
  logout: () => post<null>('/logout'),
  password: (old: string, fresh: string, user?: string) =>
    post<null>('/password', user ? { old, new: fresh, user } : { old, new: fresh }),
  status: () => get<T.Status>('/status'),
  samples: () => get<{ period_s: number; samples: T.Sample[] }>('/samples'),
  limits: () => get<{ outlets: T.OutletLimits[] }>('/limits'),
  faults: (all: boolean) => get<{ faults: T.Fault[] }>(`/faults${all ? '?all=true' : ''}`),
  transactions: (limit: number, before?: string | number | null) =>
    get<{ transactions: T.Transaction[]; next: string | number | null }>(
      `/transactions?limit=${limit}${before != null ? `&before=${encodeURIComponent(before)}` : ''}`),
  events: () => get<{ events: T.StationEvent[] }>('/events'),
  diagnosis: () => get<T.Diagnosis>('/diagnosis'),
  params: () => get<{ revision: number; params: T.Param[] }>('/params'),
  check: (changes: T.Changes) => post<T.Check>('/params/check', { changes }),
  save: (changes: T.Changes, revision?: number) =>
    ask<T.Saved>('PATCH', '/params', revision === undefined ? { changes } : { changes, revision }),
  importSettings: <A>(settings: T.Changes, apply: boolean) => post<A>('/params/import', { settings, apply }),
  history: () => get<{ changes: T.HistoryEntry[] }>('/params/history'),
  undo: (number: number) => post<T.Saved>('/params/undo', { number }),
  presets: () => get<{ presets: T.Preset[] }>('/presets'),
  outlet: (outlet: number, act: string, body: unknown = {}) =>
    post<{ text: string }>(`/outlets/${outlet}/${act}`, body),
  action: (name: string, body: unknown = {}) => post<{ text?: string } | null>(`/actions/${name}`, body),
  site: () => get<T.Site>('/site'),
  pairing: () => get<T.Pairing>('/pairing'),
  letJoin: () => post<{ text: string }>('/pairing/open'),
  join: (host: string, port: number, code: string) => post<{ text: string }>('/pairing/join', { host, port, code }),
  update: () => get<T.Update>('/update'),
  beginUpdate: (name: string, bytes: number) => post<T.Update>('/update/begin', { name, bytes }),
  updatePart: (at: number, data: string) => post<T.Update>('/update/part', { at, data }),
  installUpdate: () => post<T.Update>('/update/install'),
  dropUpdate: () => post<T.Update>('/update/drop'),
  whitelist: () => get<T.Whitelist>('/whitelist'),
  changeWhitelist: (add: string[], remove: string[]) => post<T.Whitelist>('/whitelist', { add, remove }),
  replaceWhitelist: (entries: string[]) => ask<T.Whitelist>('PUT', '/whitelist', { entries }),
  learn: (on: boolean) => post<unknown>('/learn', { on }),
  commissioning: () => get<T.Commissioning>('/commissioning'),
  commission: (on: boolean) => post<unknown>('/commissioning', { on }),
  confirmPart: (part: string, ok: boolean) => post<unknown>('/commissioning/confirm', { part, ok }),
  bench: (act: Record<string, unknown>) => post<Record<string, unknown>>('/bench/do', act),
};
