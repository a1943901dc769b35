// Who is signed in, and what that role may see.
import { api, setToken, whenSignedOut } from './api';
import { chosenLanguage, speak } from './i18n';
import { store } from './store';
import { ROLES, type Role, type Session } from './types';

export const session = store<Session | null>(null); // null: not known yet
export const unreachable = store<string>('');
export const ended = store(false); // the station signed somebody out who was away

export function adopt(found: Session): void {
  setToken(found.csrf ?? '');
  unreachable.set('');
  session.set(found);
}

export async function begin(): Promise<void> {
  try {
    const found = await api.session();
    await speak(chosenLanguage(found.language));
    adopt(found);
  } catch (problem) {
    unreachable.set((problem as Error).message);
    setTimeout(() => void begin(), 3000);
  }
}

export async function leave(): Promise<void> {
  try { await api.logout(); } catch { /* signed out is signed out */ }
  adopt({ signed_in: false, language: session.get()?.language ?? 'en', local: false });
}

whenSignedOut(() => {
  const was = session.get();
  if (was?.signed_in) ended.set(true);
  if (was?.signed_in) adopt({ ...was, signed_in: false, csrf: '' });
});

export function atLeast(role: Role): boolean {
  const own = session.get()?.role;
  return own !== undefined && ROLES.indexOf(own) >= ROLES.indexOf(role);
}
