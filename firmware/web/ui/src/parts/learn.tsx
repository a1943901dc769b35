// Learn mode: each card held to the reader is added and shown; an id can be typed as well.
import { useEffect, useState } from 'preact/hooks';
import { api, Refused } from '../api';
import { entriesOf } from '../entries';
import { plural, t } from '../i18n';
import { status } from '../live';
import { useStore } from '../store';
import type { Whitelist } from '../types';
import { Badge, useName } from './basics';
import { Dialog } from './dialog';

export function Learn({ list, onClose }: { list: Whitelist; onClose: () => void }) {
  const now = useStore(status);
  const name = useName('id');
  const [id, setId] = useState('');
  const [typed, setTyped] = useState<string[]>([]);
  const [problem, setProblem] = useState('');
  const [began, setBegan] = useState(false);
  const learning = now?.learning;
  useEffect(() => {
    void begin();
    return () => { api.learn(false).catch(() => undefined); };
  }, []);

  async function begin() {
    try { await api.learn(true); setBegan(true); setProblem(''); } catch (error) { setProblem((error as Error).message); }
  }

  async function add(event: Event) {
    event.preventDefault();
    const entry = entriesOf(id)[0];
    if (!entry) return;
    try {
      await api.changeWhitelist([entry], []);
      setTyped([...typed, entry]);
      setId('');
      setProblem('');
    } catch (error) {
      setProblem(error instanceof Refused ? error.problems.map((one) => t(one.message)).join(' ') : (error as Error).message);
    }
  }

  const seen = [...(learning?.on ? learning.learned : learning?.learned ?? []), ...typed.filter((one) => !learning?.learned.includes(one))];
  const waiting = began && learning && !learning.on;
  return (
    <Dialog title={t('Add entry (total: {n})', { n: new Set([...list.local, ...seen]).size })} onClose={onClose} closeText={t('Finish')}>
      {learning?.on
        ? <p class="learning"><span class="pulse" aria-hidden="true" /><span>{t('Hold one card after the other to the reader; each is added at once.')}{' '}
            {learning.ends_in_s != null && <span class="soft">{t('Ends in {n} s.', { n: Math.ceil(learning.ends_in_s) })}</span>}</span></p>
        : <p>{waiting ? t('Learn mode has ended.') : t('Learn mode begins …')} {waiting && <button type="button" class="link" onClick={() => void begin()}>{t('Begin again')}</button>}</p>}
      <div aria-live="polite" role="status">
        <ul class="tokens" aria-label={t('Added now')}>
          {seen.map((one) => <li key={one}><code>{one}</code><Badge tone="good">{t('added')}</Badge></li>)}
        </ul>
        {seen.length > 0 && <p class="soft small">{plural(seen.length, '{n} card added', '{n} cards added')}</p>}
      </div>
      <form onSubmit={(event) => void add(event)}>
        <div class="field">
          <label class="label" for={name}>{t('Id')}</label>
          <span class="with-button">
            <input id={name} type="text" value={id} maxLength={22} autocomplete="off" spellcheck={false} autocapitalize="off" onInput={(event) => setId(event.currentTarget.value)} />
            <button class="button" disabled={!id.trim()}>{t('Add entry')}</button>
          </span>
        </div>
        <p class="help">{t('The number of a card in hex, or the MAC address of a car. "/1" or "/2" after it admits it at that outlet only.')}</p>
      </form>
      <div role="alert">{problem && <p class="notice bad">{t(problem)}</p>}</div>
    </Dialog>
  );
}
