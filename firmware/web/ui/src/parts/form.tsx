// The generic form: the parameters of a menu in their groups, and the footer with what is unsaved.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { book, edits, loadParams, shown } from '../edits';
import { t } from '../i18n';
import { route, slug } from '../router';
import { remember, remembered, useStore } from '../store';
import type { Param } from '../types';
import { Field, fieldId } from './field';
import { Footer } from './footer';

// Groups that the manual folds: what the button says, and whether it begins open.
const FOLDS: Record<string, [string, boolean]> = {
  GSM: ['Show Modem Configuration', true], LAN: ['Show LAN Configuration', false], USB: ['Show USB Configuration', false],
  WLAN: ['Show WLAN Configuration', false], 'OCPP keys': ['Show further OCPP keys', false],
};

interface Props {
  menus: string[]; before?: ComponentChildren; after?: Record<string, ComponentChildren>;
  footnote?: ComponentChildren; hide?: (param: Param) => boolean;
}

export function Form({ menus, before, after = {}, footnote, hide }: Props) {
  const held = useStore(book);
  useStore(edits);
  const where = useStore(route);
  useEffect(() => { if (held) loadParams().catch(() => undefined); }, []); // others may have saved
  useEffect(() => { if (held) aim(where.group, where.field); }, [held !== null, where]);
  if (!held) return <p role="status">{t('Loading …')}</p>;
  const groups = new Map<string, Param[]>();
  for (const one of held.params) {
    if (!menus.includes(one.menu) || hide?.(one) || (one.kind === 'password')) continue;
    const name = one.menu === 'ocpp' ? 'OCPP keys' : one.group || t('General');
    groups.set(name, [...(groups.get(name) ?? []), one]);
  }
  for (const name of Object.keys(after)) if (!groups.has(name)) groups.set(name, []);
  return (
    <>
      {before}
      {[...groups].map(([name, params]) => (
        <Group name={name} params={params} extra={after[name]} key={name} />
      ))}
      {groups.size === 0 && <p class="soft">{t('Nothing here is open to your role.')}</p>}
      {footnote}
      <Footer />
    </>
  );
}

function Group({ name, params, extra }: { name: string; params: Param[]; extra?: ComponentChildren }) {
  const where = useStore(route);
  const fold = FOLDS[name];
  const [open, setOpen] = useState(() => !fold || remembered(`fold.${name}`, fold[1] ? 'show' : 'hide') === 'show');
  const aimed = where.group === slug(name) || params.some((one) => one.key === where.field);
  useEffect(() => { if (aimed) setOpen(true); }, [where]);
  const visible = params.filter(shown);
  const id = `g-${slug(name)}`;
  const hidden = params.length - visible.length;
  const idle = params.length > 1 && params.every((one) => !one.acts); // said once for all of them
  return (
    <section class="card group" id={id} aria-labelledby={`${id}-title`}>
      <div class="card-head">
        <h2 id={`${id}-title`} tabIndex={-1}>{t(name)}</h2>
        {fold && (
          <button type="button" class="button quiet" aria-expanded={open} aria-controls={`${id}-body`} onClick={() => {
            remember(`fold.${name}`, open ? 'hide' : 'show');
            setOpen(!open);
          }}>{t(fold[0])}<svg viewBox="0 0 24 24" width="18" height="18" class="chevron" aria-hidden="true"><path d="M6 9l6 6 6-6" /></svg></button>
        )}
      </div>
      <div id={`${id}-body`} hidden={!open}>
        {idle && <p class="notice plain">{t('These settings are stored and exported, but nothing in this version acts on them yet.')}</p>}
        {visible.map((one) => <Field param={one} key={one.key} idle={idle} />)}
        {visible.length === 0 && !extra && <p class="soft">{t('Nothing to set here.')}</p>}
        {hidden > 0 && <p class="soft small">{t('{n} more appear when they apply.', { n: hidden })}</p>}
        {extra}
      </div>
    </section>
  );
}

export function aim(group: string, field: string): void {
  setTimeout(() => {
    if (field) {
      const at = document.getElementById(fieldId(field)) ?? document.getElementById(`${fieldId(field)}-row`);
      at?.scrollIntoView({ block: 'center' });
      at?.focus();
    } else if (group) {
      document.getElementById(`g-${group}`)?.scrollIntoView({ block: 'start' });
      document.getElementById(`g-${group}-title`)?.focus({ preventScroll: true });
    }
  }, 30);
}
