// The frame: sign-in first, then header, menu and the page that the address names.
import { useEffect, useState } from 'preact/hooks';
import { connect, disconnect } from './live';
import { edits, forgetParams, loadParams } from './edits';
import { language, t } from './i18n';
import { route } from './router';
import { session, unreachable } from './session';
import { useStore } from './store';
import { Shell } from './parts/shell';
import { SignIn } from './pages/signin';
import { ChangePassword } from './pages/password';
import { pageFor } from './pages/table';

export function App() {
  const who = useStore(session);
  const away = useStore(unreachable);
  useStore(language);
  if (!who) {
    return (
      <main class="starting-up" aria-busy="true">
        <p role="status">{away ? t(away) : t('Loading …')}</p>
      </main>
    );
  }
  if (!who.signed_in) return <SignIn />;
  if (who.must_change) return <ChangePassword forced />;
  return <Inside key={who.user} />;
}

function Inside() {
  const where = useStore(route);
  const [problem, setProblem] = useState('');
  useEffect(() => {
    void connect();
    loadParams().catch((error: Error) => setProblem(error.message));
    const ask = (event: BeforeUnloadEvent) => {
      if (Object.keys(edits.get()).length) event.preventDefault();
    };
    addEventListener('beforeunload', ask);
    return () => {
      removeEventListener('beforeunload', ask);
      disconnect();
      forgetParams();
    };
  }, []);
  const page = pageFor(where.page);
  return (
    <Shell title={page.title()} page={where.page}>
      {problem && <p class="notice bad" role="alert">{t(problem)}</p>}
      <page.View key={where.page} />
    </Shell>
  );
}
