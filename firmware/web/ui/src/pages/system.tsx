// The station itself: language, passwords, settings as a file, history, logs, transactions, reset.
import { useState } from 'preact/hooks';
import { api, Refused, url } from '../api';
import { loadParams } from '../edits';
import { stamp, t, word } from '../i18n';
import { because, named, wrong } from '../sentences';
import { atLeast } from '../session';
import type { Changes, Check, HistoryEntry } from '../types';
import { Card, Trouble, useLoad } from '../parts/basics';
import { Dialog } from '../parts/dialog';
import { DiffTable } from '../parts/diff';
import { Form } from '../parts/form';
import { attempt, say } from '../parts/toast';
import { FirmwareUpdate } from '../parts/update';
import { Transactions } from '../parts/transactions';
import { PasswordForm } from './password';

export function SystemPage() {
  if (!atLeast('operator')) {
    return <Card title={t('Passwords')}><PasswordForm /></Card>;
  }
  return (
    <>
      <div class="cards">
        <Card title={t('Passwords')}><PasswordForm /></Card>
        <div class="stack">
          <Settings />
          <Card title={t('Log files')}>
            <p>{t('A ZIP for the service: state, events, settings and logs, without secrets.')}</p>
            <a class="button" href={url('/logs.zip')} download>{t('Download log files')}</a>
          </Card>
          <FactoryReset />
        </div>
      </div>
      <Transactions />
      <History />
      <Form menus={['system']} after={{ 'Firmware Update': <FirmwareUpdate /> }} />
    </>
  );
}

function Settings() {
  const [incoming, setIncoming] = useState<{ settings: Changes; check: Check } | null>(null);
  const [problems, setProblems] = useState<string[]>([]);

  async function read(file: File) {
    setProblems([]);
    try {
      const found = JSON.parse(await file.text()) as { settings?: Changes };
      if (!found.settings || typeof found.settings !== 'object') throw new SyntaxError();
      setIncoming({ settings: found.settings, check: await api.importSettings<Check>(found.settings, false) });
    } catch (error) {
      if (error instanceof SyntaxError) setProblems([t('This file is no export of settings of a powerstation.')]);
      else setProblems(error instanceof Refused ? error.problems.map((one) => t(one.message)) : [(error as Error).message]);
    }
  }
  return (
    <Card title={t('Settings as a file')}>
      <p>{t('What differs from the factory, without secrets: for a copy, or for the next station.')}</p>
      <div class="row">
        <a class="button" href={url('/params/export')} download="powerstation-settings.json">{t('Export settings')}</a>
        <label class="button file">{t('Import settings')}
          <input type="file" accept=".json,application/json" onChange={(event) => {
            const file = event.currentTarget.files?.[0];
            if (file) void read(file);
            event.currentTarget.value = '';
          }} />
        </label>
      </div>
      <div role="alert">{problems.map((one) => <p class="notice bad">{one}</p>)}</div>
      {incoming && <ImportDialog incoming={incoming} onClose={() => setIncoming(null)} />}
    </Card>
  );
}

function ImportDialog({ incoming, onClose }: { incoming: { settings: Changes; check: Check }; onClose: () => void }) {
  const { check } = incoming;
  async function apply() {
    const done = await attempt(async () => {
      await api.importSettings(incoming.settings, true);
      await loadParams();
      return t('The settings were imported.');
    });
    if (done) onClose();
  }
  return (
    <Dialog title={t('What the import would change')} onClose={onClose} buttons={
      <button type="button" class="button primary" disabled={check.errors.length > 0 || !check.diff.length} onClick={() => void apply()}>{t('Import')}</button>
    }>
      {check.errors.length > 0 && (
        <div class="notice bad" role="alert"><strong>{t('This file cannot be imported:')}</strong>
          <ul>{check.errors.map((one) => <li>{one.key ? `${one.key}: ` : ''}{wrong(one)}</li>)}</ul>
        </div>
      )}
      {check.warnings.map((one) => <p class="notice warn">{because(one)}</p>)}
      <DiffTable diff={check.diff} />
      {check.restart.length > 0 && <p class="notice warn">{t('Some of it acts only after a restart of: {what}.', { what: check.restart.join(', ') })}</p>}
    </Dialog>
  );
}

function History() {
  const [found, problem, again] = useLoad(() => api.history());
  const [undoing, setUndoing] = useState<HistoryEntry | null>(null);
  return (
    <Card wide title={t('History of changes')} action={<button type="button" class="button quiet" onClick={() => void again()}>{t('Load again')}</button>}>
      <Trouble text={problem} />
      {found && !found.changes.length && <p class="soft">{t('Nothing was changed yet.')}</p>}
      <ul class="history">
        {found?.changes.map((one) => (
          <li>
            <details>
              <summary>
                <span><strong>{stamp(one.at)}</strong> · {word('role', one.who)} ({word('by', one.by)}) · {one.values.map((value) => named(value.key)).slice(0, 3).join(', ')}{one.values.length > 3 ? ' …' : ''}</span>
              </summary>
              <DiffTable diff={one.values} caption={t('Change {n}', { n: one.number })} />
              {one.undoable && <button type="button" class="button" onClick={() => setUndoing(one)}>{t('Undo this change')}</button>}
            </details>
          </li>
        ))}
      </ul>
      {undoing && (
        <Dialog title={t('Undo this change?')} onClose={() => setUndoing(null)} buttons={
          <button type="button" class="button primary" onClick={async () => {
            const done = await attempt(async () => {
              const saved = await api.undo(undoing.number);
              await loadParams();
              await again();
              return saved.restart_needed_for.length ? t('Undone. A restart is needed for some of it.') : t('Undone.');
            });
            if (done) setUndoing(null);
          }}>{t('Undo')}</button>
        }>
          <DiffTable diff={undoing.values.map((one) => ({ key: one.key, from: one.to, to: one.from }))} />
        </Dialog>
      )}
    </Card>
  );
}

const WORDS = 'factory reset';

function FactoryReset() {
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState('');
  return (
    <Card title={t('Factory reset')}>
      <p>{t('Sets every parameter back to the factory value. Afterwards LED Type and RFID - Slave must be checked, or no card is read.')}</p>
      <button type="button" class="button danger" onClick={() => { setTyped(''); setOpen(true); }}>{t('Factory reset …')}</button>
      {open && (
        <Dialog title={t('Set everything back to the factory?')} onClose={() => setOpen(false)} buttons={
          <button type="button" class="button danger" disabled={typed.trim().toLowerCase() !== WORDS} onClick={async () => {
            setOpen(false);
            if (await attempt(async () => { await api.action('factory_reset', { confirm: WORDS }); })) {
              say(t('Reset. Now check LED Type and RFID - Slave on the page Manufacturer.'));
              await loadParams().catch(() => undefined);
            }
          }}>{t('Factory reset')}</button>
        }>
          <p class="notice bad">{t('All settings and back-end data are lost. Export them first if you may need them again.')}</p>
          <label class="field">
            <span class="label">{t('Type "{words}" to confirm', { words: WORDS })}</span>
            <input type="text" value={typed} autocomplete="off" spellcheck={false} onInput={(event) => setTyped(event.currentTarget.value)} />
          </label>
        </Dialog>
      )}
    </Card>
  );
}
