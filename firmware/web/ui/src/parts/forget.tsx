// Forgetting the stations that a master knows and does not hear.
import { useState } from 'preact/hooks';
import { api } from '../api';
import { t } from '../i18n';
import { because } from '../sentences';
import { Dialog } from './dialog';
import { attempt } from './toast';

export const MASTERS = ['master_internal_slave', 'master_standalone'];

export function Forget() {
  const [asking, setAsking] = useState(false);
  async function act() {
    await attempt(async () => because((await api.action('clear_slaves'))?.text ?? ''));
    setAsking(false);
  }
  return (
    <div class="row">
      <button type="button" class="button danger" onClick={() => setAsking(true)}>{t('Forget silent stations')}</button>
      <p class="soft small">{t('For stations that were taken away: nothing is kept free for them any more.')}</p>
      {asking && (
        <Dialog title={t('Forget silent stations?')} onClose={() => setAsking(false)} buttons={
          <button type="button" class="button danger" onClick={() => void act()}>{t('Forget them')}</button>
        }>
          <p>{t('Every station that this master knows and does not hear is forgotten, and its disconnected limit is given to the others. Who asks again is known again.')}</p>
          <p class="notice warn">{t('Only for stations that are gone: one whose cable is merely cut goes on charging with its disconnected limit, and nobody counts that current any more.')}</p>
        </Dialog>
      )}
    </div>
  );
}
