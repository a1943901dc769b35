// The parameters of the station and what the person has changed of them but not saved yet.
// The edits live above the pages: they stay while one looks at another page.
import { api, Refused } from './api';
import { t } from './i18n';
import { store } from './store';
import type { Changes, Check, Param, Problem, Saved } from './types';

export interface Book { revision: number; params: Param[] }
export const book = store<Book | null>(null);
export const edits = store<Changes>({});
export const check = store<Check | null>(null); // what the station says of the edits
export const summary = store<Problem[]>([]); // shown once a save was tried

let timer: number | undefined;
let asked = 0;

export async function loadParams(): Promise<void> {
  book.set(await api.params());
}

export function forgetParams(): void {
  book.set(null);
  resetEdits();
}

export const param = (key: string): Param | undefined => book.get()?.params.find((one) => one.key === key);
export const valueOf = (one: Param): string => edits.get()[one.key] ?? one.value;

export function edit(one: Param, text: string): void {
  const next = { ...edits.get() };
  const same = one.kind === 'secret' ? text === '' && !one.is_set : text === one.value;
  if (same) delete next[one.key];
  else next[one.key] = text;
  edits.set(next);
  clearTimeout(timer);
  if (Object.keys(next).length === 0) { check.set(null); summary.set([]); asked += 1; return; }
  timer = window.setTimeout(() => void ask(), 500);
}

export function dropEdit(key: string): void {
  const { [key]: _gone, ...rest } = edits.get();
  edits.set(rest);
  if (Object.keys(rest).length) void ask();
  else { check.set(null); summary.set([]); }
}

export function fill(changes: Changes): void {
  for (const [key, text] of Object.entries(changes)) {
    const one = param(key);
    if (one?.writable) edit(one, text);
  }
}

export function resetEdits(): void {
  clearTimeout(timer);
  asked += 1;
  edits.set({});
  check.set(null);
  summary.set([]);
}

export async function ask(): Promise<Check | null> {
  const mine = ++asked;
  try {
    const found = await api.check(edits.get());
    if (mine === asked) {
      check.set(found);
      if (summary.get().length) summary.set(found.errors);
    }
    return found;
  } catch (problem) {
    if (problem instanceof Refused && problem.status === 422) {
      const found = { ok: false, errors: problem.problems, warnings: [], diff: [], restart: [] };
      check.set(found);
      return found;
    }
    throw problem;
  }
}

export async function save(): Promise<Saved> {
  const saved = await put(edits.get());
  try {
    await loadParams(); // before the edits go: else the old values would show for a moment
  } finally {
    resetEdits();
  }
  return saved;
}

// Somebody else may have saved meanwhile (a learned card is enough). Where that left the same
// values alone, it is no conflict.
async function put(changes: Changes): Promise<Saved> {
  const before = Object.keys(changes).map((key) => param(key)?.value);
  await loadParams();
  const same = Object.keys(changes).every((key, n) => param(key)?.value === before[n]);
  if (!same) throw new Changed(t('Somebody else has changed the same settings meanwhile. Look at the new values, then save again.'));
  return api.save(changes, book.get()?.revision);
}

export class Changed extends Error {}

export function shown(one: Param): boolean {
  if (!one.shown_if) return true;
  const other = param(one.shown_if.key);
  return !other || one.shown_if.is.includes(valueOf(other));
}

// A hint while typing; the station has the last word.
export function hint(one: Param, text: string): string {
  if (text === '' || text === one.value) return '';
  if (one.kind === 'whole') {
    if (!/^-?\d+$/.test(text.trim())) return 'whole';
    const value = Number(text);
    if (one.also?.includes(value)) return '';
    if ((one.low !== null && value < one.low) || (one.high !== null && value > one.high)) return 'range';
  }
  if (one.kind === 'amps3' && !text.split('/').every((part) => /^\d+$/.test(part.trim()))) return 'whole';
  if (one.max_length !== null && one.max_length !== undefined && text.length > one.max_length) return 'long';
  return '';
}

// Saves some of the edits only (a step of commissioning); false when the station refuses them.
export async function saveOnly(keys: string[]): Promise<boolean> {
  if (!keys.length) return true;
  const held = edits.get();
  const mine = Object.fromEntries(keys.map((key) => [key, held[key]!]));
  const found = await api.check(mine);
  check.set(found);
  summary.set(found.errors);
  if (found.errors.length) return false;
  await put(mine);
  edits.set(Object.fromEntries(Object.entries(edits.get()).filter(([key]) => !keys.includes(key))));
  check.set(null);
  await loadParams();
  return true;
}
