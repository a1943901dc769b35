// Signing in: which role, which password, and a clear word when it does not work.
import { useState } from 'preact/hooks';
import { api, Refused } from '../api';
import { t, word } from '../i18n';
import { adopt, ended, session } from '../session';
import { useStore } from '../store';
import { PasswordField } from '../parts/password_field';
import { LanguageChoice, ThemeChoice } from '../parts/choices';
import { Heading, Logo } from '../parts/basics';

export function SignIn() {
  const who = useStore(session);
  const over = useStore(ended);
  const [user, setUser] = useState('operator');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');

  async function submit(event: Event) {
    event.preventDefault();
    setBusy(true);
    setProblem('');
    try {
      adopt(await api.login(user, password));
      ended.set(false);
    } catch (error) {
      setProblem(sentence(error as Error));
      setPassword('');
    }
    setBusy(false);
  }

  return (
    <div class="gate">
      <main class="card gate-card">
        <Logo />
        <Heading level={1}>{t('Sign in')}</Heading>
        <p class="soft">{t('Powerstation: settings and state of this charging station.')}</p>
        {over && <p class="notice plain" role="status">{t('You were signed out, after a while without use or because the station started anew.')}</p>}
        <form onSubmit={submit}>
          <label class="field">
            <span class="label">{t('User')}</span>
            <select value={user} onChange={(event) => setUser(event.currentTarget.value)} autocomplete="username" name="user">
              {['user', 'operator', 'installer', 'manufacturer'].map((name) => <option value={name}>{word('role', name)}</option>)}
            </select>
          </label>
          <PasswordField label={t('Password')} value={password} onValue={setPassword} autocomplete="current-password" />
          <div role="alert">{problem && <p class="notice bad">{problem}</p>}</div>
          <button class="button primary wide" disabled={busy || !password}>{busy ? t('Signing in …') : t('Sign in')}</button>
        </form>
        {who?.local && (
          <p class="soft small">{t('You are at the local port of the station. At the first sign-in the password of the manual works; it must be changed at once.')}</p>
        )}
        <div class="gate-foot"><LanguageChoice /><ThemeChoice /></div>
      </main>
    </div>
  );
}

function sentence(error: Error): string {
  if (!(error instanceof Refused)) return error.message;
  if (error.status === 429) {
    return error.retryAfter_s
      ? t('Too many tries. Wait {n} seconds, then try again.', { n: error.retryAfter_s })
      : t('Too many tries. Wait a few minutes, then try again.');
  }
  if (error.status === 401) return t('User or password is wrong. Passwords distinguish capital and small letters.');
  return t(error.message);
}
