// A new password: the first one that must be changed, or any later one.
import { useState } from 'preact/hooks';
import { api, Refused } from '../api';
import { t, word } from '../i18n';
import { because } from '../sentences';
import { begin, leave, session } from '../session';
import { ROLES } from '../types';
import { PasswordField } from '../parts/password_field';
import { Heading, Logo } from '../parts/basics';
import { say } from '../parts/toast';

const LEAST = 8;

export function ChangePassword({ forced = false }: { forced?: boolean }) {
  if (!forced) return <PasswordForm />;
  return (
    <div class="gate">
      <main class="card gate-card">
        <Logo />
        <Heading level={1}>{t('Choose your own password')}</Heading>
        <p class="soft">{t('The password you used is printed in the manual or on a label. The station opens once you have chosen your own.')}</p>
        <PasswordForm />
        <button class="button quiet" onClick={() => void leave()}>{t('Log out')}</button>
      </main>
    </div>
  );
}

export function PasswordForm({ only }: { only?: string } = {}) {
  const who = session.get()!;
  const below = ROLES.slice(0, ROLES.indexOf(who.role!) + 1).reverse();
  const [user, setUser] = useState(only ?? who.user!);
  const [old, setOld] = useState('');
  const [fresh, setFresh] = useState('');
  const [again, setAgain] = useState('');
  const [problems, setProblems] = useState<string[]>([]);
  const forced = Boolean(who.must_change);

  async function submit(event: Event) {
    event.preventDefault();
    const found: string[] = [];
    if (fresh.length < LEAST) found.push(t('The new password needs at least {n} characters.', { n: LEAST }));
    if (fresh !== again) found.push(t('The two new passwords differ.'));
    setProblems(found);
    if (found.length) return;
    try {
      await api.password(old, fresh, user === who.user ? undefined : user);
      setOld(''); setFresh(''); setAgain('');
      if (!forced) say(t('The password was changed.'));
      if (forced || user === who.user) await begin();
    } catch (error) {
      setProblems(error instanceof Refused ? error.problems.map((one) => because(one.message.replace(/^\w+_password: /, ''))) : [(error as Error).message]);
    }
  }

  return (
    <form onSubmit={submit} class="stack">
      {!forced && !only && (
        <label class="field">
          <span class="label">{t('Password of')}</span>
          <select value={user} onChange={(event) => setUser(event.currentTarget.value)}>
            {below.map((role) => <option value={role}>{word('role', role)}</option>)}
          </select>
        </label>
      )}
      <PasswordField label={forced ? t('Password used now') : t('Your own password')} value={old} onValue={setOld} autocomplete="current-password" />
      <PasswordField label={t('New password')} value={fresh} onValue={setFresh} autocomplete="new-password"
        help={t('At least {n} characters. A short sentence is easy to keep in mind and hard to guess.', { n: LEAST })} />
      <PasswordField label={t('New password again')} value={again} onValue={setAgain} autocomplete="new-password" />
      <div role="alert">{problems.map((one) => <p class="notice bad">{one}</p>)}</div>
      <button class="button primary" disabled={!old || !fresh || !again}>{t('Change password')}</button>
    </form>
  );
}
