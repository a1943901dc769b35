// Restarting: the banner that says what waits for it, and the question before it.
import { useState } from 'preact/hooks';
import { api } from '../api';
import { book } from '../edits';
import { label, plural, t } from '../i18n';
import { status } from '../live';
import { atLeast } from '../session';
import { useStore } from '../store';
import { Dialog } from './dialog';
import { attempt } from './toast';

export function RestartBanner() {
  const now = useStore(status);
  const held = useStore(book);
  const [open, setOpen] = useState(false);
  const keys = now?.station.restart_needed_for ?? [];
  if (!keys.length || !atLeast('operator')) return null;
  const names = keys.map((key) => {
    const found = held?.params.find((one) => one.key === key);
    return found ? label(found) : key;
  });
  return (
    <div class="notice warn with-action">
      <p>{t('Restart needed for: {what}', { what: names.join(', ') })}</p>
      <button type="button" class="button" onClick={() => setOpen(true)}>{t('Restart now')}</button>
      {open && <RestartDialog onClose={() => setOpen(false)} />}
    </div>
  );
}

export function RestartDialog({ onClose }: { onClose: () => void }) {
  const running = useStore(status)?.station.running_transactions ?? 0;
  async function act() {
    await attempt(async () => {
      await api.action('restart');
      return t('The station restarts now.');
    });
    onClose();
  }
  return (
    <Dialog title={t('Restart the station?')} onClose={onClose}
      buttons={<button type="button" class="button primary" onClick={() => void act()}>{t('Restart')}</button>}>
      {running > 0
        ? <p class="notice warn"><strong>{plural(running, '{n} transaction is running.', '{n} transactions are running.')}</strong>{' '}
            {t('A restart interrupts the charge; afterwards the transaction goes on or ends as "Restart transaction after power loss" says.')}</p>
        : <p>{t('Nobody is charging. The station is away for a few seconds.')}</p>}
    </Dialog>
  );
}
