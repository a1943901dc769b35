// Finds a setting by any word of its name, key, help or OCPP key, whichever page it is on.
import { useEffect, useRef, useState } from 'preact/hooks';
import { book } from '../edits';
import { help, label, t } from '../i18n';
import { go } from '../router';
import { atLeast } from '../session';
import { useStore } from '../store';
import type { Param } from '../types';
import { PAGES } from '../pages/table';

const MOST = 8;
const pageOf = (param: Param): string => (param.menu === 'ocpp' ? 'backend' : param.menu);

export function Find() {
  const held = useStore(book);
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = words.length
    ? (held?.params ?? []).filter((one) => {
        const all = `${label(one)} ${one.label} ${one.key} ${one.ocpp ?? ''} ${one.id} ${help(one)}`.toLowerCase();
        return words.every((word) => all.includes(word));
      }).sort((a, b) => rank(a, words) - rank(b, words)).slice(0, MOST)
    : [];
  useEffect(() => {
    const away = (event: Event) => { if (!box.current?.contains(event.target as Node)) setText(''); };
    addEventListener('click', away);
    return () => removeEventListener('click', away);
  }, []);
  if (!atLeast('operator')) return null;

  function open(one: Param | undefined) {
    if (!one) return;
    setText('');
    go(pageOf(one), one.key);
  }
  return (
    <div class="find" ref={box} role="search">
      <input type="search" role="combobox" list={undefined} aria-label={t('Find a setting')} placeholder={t('Find a setting')} value={text}
        aria-expanded={found.length > 0} aria-controls="found" aria-autocomplete="list" autocomplete="off"
        aria-activedescendant={found.length ? `found-${at}` : undefined}
        onInput={(event) => { setText(event.currentTarget.value); setAt(0); }}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown') { event.preventDefault(); setAt(Math.min(at + 1, found.length - 1)); }
          if (event.key === 'ArrowUp') { event.preventDefault(); setAt(Math.max(at - 1, 0)); }
          if (event.key === 'Enter') open(found[at]);
          if (event.key === 'Escape') setText('');
        }} />
      <ul id="found" role="listbox" aria-label={t('Settings found')} hidden={!words.length}>
        {found.map((one, n) => (
          <li role="option" id={`found-${n}`} aria-selected={n === at} onClick={() => open(one)}>
            <strong>{label(one)}</strong>
            <span class="soft small">{PAGES.find((page) => page.name === pageOf(one))?.title()} · {t(one.group)}</span>
          </li>
        ))}
        {words.length > 0 && !found.length && <li role="option" aria-selected={false} aria-disabled="true">{t('Nothing found.')}</li>}
      </ul>
    </div>
  );
}

const rank = (one: Param, words: string[]): number =>
  words.every((word) => label(one).toLowerCase().includes(word)) ? 0 : 1;
