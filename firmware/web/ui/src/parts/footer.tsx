// The footer of the parameter pages: what is unsaved, reset, save, save and restart.
import { useState } from 'preact/hooks';
import { api, Refused } from '../api';
import { ask, book, Changed, check, edits, loadParams, param, resetEdits, save, summary } from '../edits';
import { label, plural, t } from '../i18n';
import { status } from '../live';
import { because, wrong } from '../sentences';
import { useStore } from '../store';
import type { Check } from '../types';
import { aim } from './form';
import { Dialog } from './dialog';
import { DiffTable } from './diff';
import { RestartDialog } from './restart';
import { say } from './toast';

type Asked = { restart: boolean; check: Check };

export function Footer() {
  const changes = useStore(edits);
  const told = useStore(check);
  const problems = useStore(summary);
  const now = useStore(status);
  const [review, setReview] = useState<Asked | null>(null);
  const [restart, setRestart] = useState(false);
  const [busy, setBusy] = useState(false);
  const count = Object.keys(changes).length;

  async function begin(withRestart: boolean) {
    setBusy(true);
    try {
      const found = await ask();
      if (found && found.errors.length) {
        summary.set(found.errors);
        setTimeout(() => document.getElementById('problems')?.focus(), 30);
      } else if (found) {
        summary.set([]);
        setReview({ restart: withRestart, check: found });
      }
    } catch (error) { say((error as Error).message, 'bad'); }
    setBusy(false);
  }

  return (
    <>
      {problems.length > 0 && <Problems />}
      <footer class={count ? 'bar active' : 'bar'} aria-label={t('Unsaved changes')}>
        <p role="status">
          <strong>{count ? plural(count, '{n} unsaved change', '{n} unsaved changes') : t('No unsaved changes')}</strong>
          {count > 0 && told && told.errors.length > 0 && (
            <span class="bad-text"> · {plural(told.errors.length, '{n} value is not right yet', '{n} values are not right yet')}</span>
          )}
        </p>
        <div class="bar-buttons">
          <button type="button" class="button" disabled={!count} onClick={resetEdits}>{t('Reset all changes')}</button>
          <button type="button" class="button primary" disabled={!count || busy} onClick={() => void begin(false)}>{t('Save')}</button>
          {count
            ? <button type="button" class="button" disabled={busy} onClick={() => void begin(true)}>{t('Save & Restart')}</button>
            : <button type="button" class="button" onClick={() => setRestart(true)}>{t('Restart')}</button>}
        </div>
      </footer>
      {review && <Review asked={review} running={now?.station.running_transactions ?? 0} onDone={() => setReview(null)} />}
      {restart && <RestartDialog onClose={() => setRestart(false)} />}
    </>
  );
}

function Problems() {
  const problems = useStore(summary);
  const held = book.get();
  return (
    <section class="notice bad" id="problems" tabIndex={-1} aria-label={t('What is not right yet')}>
      <strong>{t('Not saved. Please look at:')}</strong>
      <ul>
        {problems.map((one) => {
          const found = one.key ? param(one.key) : undefined;
          const page = found && held ? (found.menu === 'ocpp' ? 'backend' : found.menu) : '';
          return (
            <li>
              {found
                ? <a href={`#/${page}?p=${found.key}`} onClick={() => aim('', found.key)}>{label(found)}</a>
                : one.key}
              {one.key ? ': ' : ''}{wrong(one)}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Review({ asked, running, onDone }: { asked: Asked; running: number; onDone: () => void }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const [stale, setStale] = useState(false);

  async function act() {
    setBusy(true);
    try {
      const saved = await save();
      saved.warnings.forEach((one) => say(t(one), 'bad'));
      if (asked.restart) {
        await api.action('restart');
        say(t('Saved. The station restarts now.'));
      } else if (saved.restart_needed_for.length) say(t('Saved. A restart is needed for some of it.'));
      else say(t('Saved.'));
      onDone();
    } catch (error) {
      if (error instanceof Refused && error.status === 422) {
        summary.set(error.problems);
        check.set({ ok: false, errors: error.problems, warnings: [], diff: [], restart: [] });
        onDone();
        return;
      }
      setStale(error instanceof Changed || (error instanceof Refused && error.status === 409));
      setProblem((error as Error).message);
    }
    setBusy(false);
  }

  return (
    <Dialog title={asked.restart ? t('Save and restart?') : t('Save these changes?')} onClose={onDone} buttons={
      stale
        ? <button type="button" class="button primary" onClick={() => { void loadParams().then(ask); onDone(); }}>{t('Look at the new values')}</button>
        : <button type="button" class="button primary" disabled={busy} onClick={() => void act()}>{asked.restart ? t('Save & Restart') : t('Save')}</button>
    }>
      {problem && <p class="notice bad" role="alert">{t(problem)}</p>}
      <DiffTable diff={asked.check.diff} />
      {asked.check.warnings.map((one) => <p class="notice warn">{because(one)}</p>)}
      {asked.check.restart.length > 0 && !asked.restart && (
        <p class="notice warn">{t('Some of it acts only after a restart of: {what}.', { what: asked.check.restart.join(', ') })}</p>
      )}
      {asked.restart && running > 0 && (
        <p class="notice warn"><strong>{plural(running, '{n} transaction is running.', '{n} transactions are running.')}</strong>{' '}
          {t('A restart interrupts the charge; afterwards the transaction goes on or ends as "Restart transaction after power loss" says.')}</p>
      )}
    </Dialog>
  );
}
