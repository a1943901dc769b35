// The two whitelists: ours with learning, import and export, and what the back end taught us.
import { useState } from 'preact/hooks';
import { api, Refused, url } from '../api';
import { entriesOf } from '../entries';
import { plural, stamp, t } from '../i18n';
import type { Whitelist } from '../types';
import { Badge, Card, Notice, Trouble, download, useLoad } from '../parts/basics';
import { Dialog } from '../parts/dialog';
import { Learn } from '../parts/learn';
import { attempt, say } from '../parts/toast';

export function Whitelists() {
  const [found, problem, again] = useLoad(() => api.whitelist());
  const [held, setHeld] = useState<Whitelist | null>(null);
  const list = held ?? found;
  const load = async () => { setHeld(null); await again(); };
  return (
    <>
      <Trouble text={problem} />
      {list && !list.enabled && <Notice tone="warn">{t('The local whitelist is off; its entries count for nothing until it is on again.')} <a href="#/authorization?p=local_whitelist_enabled">{t('Authorization')}</a></Notice>}
      {list && <Local list={list} onList={setHeld} onLoad={load} />}
      {list && <Ocpp list={list} />}
    </>
  );
}

interface Props { list: Whitelist; onList: (list: Whitelist) => void; onLoad: () => Promise<void> }

function Local({ list, onList, onLoad }: Props) {
  const [text, setText] = useState('');
  const [learning, setLearning] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const [incoming, setIncoming] = useState<string[] | null>(null);
  const shown = list.local.filter((one) => one.toLowerCase().includes(text.trim().toLowerCase()));
  const remove = (entry: string) => attempt(async () => {
    onList(await api.changeWhitelist([], [entry]));
    return t('{id} was removed.', { id: entry });
  });
  const total = plural(list.local.length, '{n} entry', '{n} entries');
  return (
    <Card wide title={`${t('Local whitelist')} · ${total}`} action={<button type="button" class="button primary" onClick={() => setLearning(true)}>{t('Add entry')}</button>}>
      <p class="soft">{t('These cards may always charge; the back end is not asked. "/1" after an entry admits it at outlet 1 only.')}</p>
      <label class="field">
        <span class="label">{t('Search the list')}</span>
        <input type="search" value={text} onInput={(event) => setText(event.currentTarget.value)} />
      </label>
      <ul class="tokens" aria-label={t('Local whitelist')}>
        {shown.map((entry) => (
          <li key={entry}>
            <code>{entry}</code>
            <button type="button" class="button quiet" aria-label={t('Remove {id}', { id: entry })} onClick={() => void remove(entry)}>{t('Remove')}</button>
          </li>
        ))}
      </ul>
      {!shown.length && <p class="soft">{list.local.length ? t('Nothing found.') : t('The list is empty. "Add entry" learns a card that is held to the reader.')}</p>}
      <div class="row">
        <a class="button" href={url('/whitelist/export')} download="whitelist.txt">{t('Export list')}</a>
        <label class="button file">
          {t('Import list')}
          <input type="file" accept=".txt,.csv,text/plain" onChange={async (event) => {
            const file = event.currentTarget.files?.[0];
            if (file) setIncoming(entriesOf(await file.text()));
            event.currentTarget.value = '';
          }} />
        </label>
        <button type="button" class="button danger" disabled={!list.local.length} onClick={() => setDeleting(true)}>{t('Delete list')}</button>
      </div>
      {learning && <Learn list={list} onClose={() => { setLearning(false); void onLoad(); }} />}
      {deleting && <DeleteAll list={list} onList={onList} onClose={() => setDeleting(false)} />}
      {incoming && <Import entries={incoming} list={list} onList={onList} onClose={() => setIncoming(null)} />}
    </Card>
  );
}

function Import({ entries, list, onList, onClose }: { entries: string[]; list: Whitelist; onList: (list: Whitelist) => void; onClose: () => void }) {
  const [problems, setProblems] = useState<string[]>([]);
  const fresh = entries.filter((one) => !list.local.includes(one));
  const gone = list.local.filter((one) => !entries.includes(one));
  async function act(call: () => Promise<Whitelist>) {
    try {
      onList(await call());
      say(t('The list was imported.'));
      onClose();
    } catch (error) {
      setProblems(error instanceof Refused ? error.problems.map((one) => t(one.message)) : [(error as Error).message]);
    }
  }
  return (
    <Dialog title={t('Import list')} onClose={onClose} buttons={<>
      <button type="button" class="button danger" disabled={!entries.length} onClick={() => void act(() => api.replaceWhitelist(entries))}>{t('Replace the list')}</button>
      <button type="button" class="button primary" disabled={!fresh.length} onClick={() => void act(() => api.changeWhitelist(fresh, []))}>{t('Add to the list')}</button>
    </>}>
      <div role="alert">{problems.map((one) => <p class="notice bad">{one}</p>)}</div>
      <p>{t('The file has {n} entries: {fresh} are new here; {gone} of this list are not in it.', { n: entries.length, fresh: fresh.length, gone: gone.length })}</p>
      <ul class="tokens short">{fresh.slice(0, 20).map((one) => <li><code>{one}</code></li>)}</ul>
      {fresh.length > 20 && <p class="soft">{t('and {n} more', { n: fresh.length - 20 })}</p>}
    </Dialog>
  );
}

function DeleteAll({ list, onList, onClose }: { list: Whitelist; onList: (list: Whitelist) => void; onClose: () => void }) {
  return (
    <Dialog title={t('Delete the whole list?')} onClose={onClose} buttons={<>
      <button type="button" class="button" onClick={() => download('whitelist.txt', 'text/plain', list.local.join(':'))}>{t('Export first')}</button>
      <button type="button" class="button danger" onClick={async () => {
        if (await attempt(async () => { onList(await api.replaceWhitelist([])); return t('The list was deleted.'); })) onClose();
      }}>{t('Delete list')}</button>
    </>}>
      <p>{plural(list.local.length, '{n} entry will be gone; that card can no longer charge without the back end.', '{n} entries will be gone; those cards can no longer charge without the back end.')}</p>
    </Dialog>
  );
}

const VERDICTS: Record<string, 'good' | 'bad' | 'plain'> = { accepted: 'good', blocked: 'bad', invalid: 'bad', expired: 'bad' };

function Ocpp({ list }: { list: Whitelist }) {
  return (
    <Card wide title={`${t('OCPP whitelist')} · ${plural(list.ocpp.length, '{n} entry', '{n} entries')}`}>
      <p class="soft">{t('What the back end has said of cards, kept for when it cannot be asked.')}</p>
      {list.ocpp.length > 0 && (
        <div class="scroll" tabIndex={0} role="group" aria-label={t('OCPP whitelist')}>
          <table>
            <thead><tr><th scope="col">{t('Token')}</th><th scope="col">{t('Verdict')}</th><th scope="col">{t('Expires')}</th></tr></thead>
            <tbody>
              {list.ocpp.map((one) => (
                <tr>
                  <th scope="row"><code>{one.token}</code></th>
                  <td><Badge tone={VERDICTS[one.verdict.toLowerCase()] ?? 'plain'}>{t(one.verdict)}</Badge></td>
                  <td>{one.expires ? stamp(one.expires) : t('never')}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  );
}
