// Joining a site: a master shows a code that lets one station in, a slave takes it.
import { useEffect, useRef, useState } from 'preact/hooks';
import { api } from '../api';
import { param } from '../edits';
import { t } from '../i18n';
import { because } from '../sentences';
import type { Pairing } from '../types';
import { Card, Notice, Trouble, useEvery, useLoad, useName } from './basics';

const AGAIN_MS = 2000;
const PORT = 8884;
const CODE = /^\s*\d{4}\s?\d{4}\s*$/;

// What has been told of joining since this page was opened.
function useNews(): [Pairing | null, string, boolean, () => Promise<void>] {
  const [seen, problem, again] = useLoad(() => api.pairing());
  const first = useRef<number | null>(null);
  if (seen && first.current === null) first.current = seen.told;
  useEvery(again, AGAIN_MS);
  return [seen, problem, seen !== null && seen.told !== first.current && seen.text !== '', again];
}

export function LetJoin() {
  const [seen, problem, news, again] = useNews();
  const [refused, setRefused] = useState('');
  async function open() {
    try { await api.letJoin(); setRefused(''); await again(); } catch (error) { setRefused((error as Error).message); }
  }
  const left_s = seen?.ends_in_s ?? 0;
  return (
    <Card title={t('Let a station join')} action={
      <button type="button" class="button primary" disabled={!seen} onClick={() => void open()}>{seen?.code ? t('Another code') : t('Show a code')}</button>
    }>
      <Trouble text={problem || because(refused)} />
      {seen?.code
        ? <Code code={seen.code} left={`${Math.floor(left_s / 60)}:${String(left_s % 60).padStart(2, '0')}`} />
        : <p class="soft">{t('A code is good for ten minutes and one station. It is typed in at that station, which has to be a slave.')}</p>}
      <div role="status" aria-live="polite">{news && <Notice tone={seen?.code ? 'warn' : 'plain'}><p>{because(seen!.text)}</p></Notice>}</div>
    </Card>
  );
}

function Code({ code, left }: { code: string; left: string }) {
  const port = Number(param('dlm_port')?.value ?? PORT - 1) + 1;
  return (
    <>
      <p class="code" role="status" aria-label={t('Code')}>{code.slice(0, 4)} {code.slice(4)}</p>
      <p>{t('Good for {time} more.', { time: left })} {t('Type it in at the other station, on its page Site. If that does not find this station, give it the address of this one and port {port}.', { port })}</p>
    </>
  );
}

export function Join() {
  const [seen, problem, news, again] = useNews();
  const [place, setPlace] = useState({ host: '', port: String(PORT) });
  const code = useRef<HTMLInputElement>(null);
  const [wrong, setWrong] = useState('');
  const [asked, setAsked] = useState<number | null>(null); // what was told before
  const waits = asked !== null && seen !== null && seen.told === asked;
  useEffect(() => { if (asked !== null && !waits) setAsked(null); }, [waits]);
  async function join() {
    const text = code.current!.value;
    if (!CODE.test(text)) { setWrong(t('The code has eight digits.')); code.current!.focus(); return; }
    setWrong('');
    try {
      await api.join(place.host.trim(), Number(place.port), text.trim());
      setAsked(seen?.told ?? 0);
      await again();
    } catch (error) { setWrong(because((error as Error).message)); }
  }
  return (
    <Card title={t('Join a site')}>
      <Trouble text={problem} />
      {seen && <Found masters={seen.masters} onChoose={(host, port) => { setPlace({ host, port: String(port) }); code.current?.focus(); }} />}
      <form onSubmit={(event) => { event.preventDefault(); void join(); }}>
        <div class="row">
          <Field label={t('Address of the master')} value={place.host} onInput={(host) => setPlace({ ...place, host })} />
          <Field label={t('Port')} value={place.port} numeric onInput={(port) => setPlace({ ...place, port })} />
          <label class="field">
            <span class="label">{t('Code')}</span>
            <input ref={code} type="text" inputMode="numeric" autocomplete="off" maxLength={9} required aria-invalid={wrong ? 'true' : undefined} />
          </label>
        </div>
        <div class="row"><button type="submit" class="button primary" disabled={waits || !place.host.trim()}>{t('Join')}</button></div>
      </form>
      <div role="alert">{wrong && <p class="notice bad">{wrong}</p>}</div>
      <div role="status" aria-live="polite">
        {waits && <p>{t('The master is being asked …')}</p>}
        {news && !waits && <Notice tone={seen!.paired ? 'good' : 'bad'}><p>{because(seen!.text)}</p></Notice>}
      </div>
    </Card>
  );
}

function Field({ label, value, numeric, onInput }: { label: string; value: string; numeric?: boolean; onInput: (text: string) => void }) {
  return (
    <label class="field">
      <span class="label">{label}</span>
      <input type="text" value={value} required inputMode={numeric ? 'numeric' : 'text'} pattern={numeric ? '[0-9]{1,5}' : undefined}
        autocomplete="off" spellcheck={false} onInput={(event) => onInput(event.currentTarget.value)} />
    </label>
  );
}

function Found({ masters, onChoose }: { masters: Pairing['masters']; onChoose: (host: string, port: number) => void }) {
  const id = useName('found');
  if (!masters.length) return <p class="soft">{t('No master with an open code is found in this network. Open one there, or type in its address.')}</p>;
  return (
    <>
      <h3 id={id}>{t('Masters with an open code')}</h3>
      <ul class="tokens" aria-labelledby={id}>
        {masters.map((one) => (
          <li key={`${one.host}:${one.port}`}>
            <span><strong>{one.master}</strong> <span class="soft small">{one.host} · {t('network {n}', { n: one.network })}</span></span>
            <button type="button" class="button quiet" aria-label={t('Choose {name}', { name: one.master })} onClick={() => onChoose(one.host, one.port)}>{t('Choose')}</button>
          </li>
        ))}
      </ul>
    </>
  );
}
