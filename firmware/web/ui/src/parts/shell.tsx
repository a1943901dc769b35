// Header, menu, the banners that hold on every page, and the page itself.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { book, edits } from '../edits';
import { clock, stationTime, t, word } from '../i18n';
import { lost, status } from '../live';
import { PAGES } from '../pages/table';
import { route, slug } from '../router';
import { leave, session } from '../session';
import { useStore } from '../store';
import { Logo } from './basics';
import { LanguageChoice, ThemeChoice } from './choices';
import { Find } from './find';
import { Toast } from './toast';
import { RestartBanner } from './restart';

export function Shell({ title, page, children }: { title: string; page: string; children: ComponentChildren }) {
  const [open, setOpen] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  const first = useRef(true);
  const now = useStore(status);
  useEffect(() => {
    document.title = `${title} · ${now?.station.name ?? 'Powerstation'}`;
  }, [title, now?.station.name]);
  useEffect(() => {
    setOpen(false);
    if (!first.current) { heading.current?.focus({ preventScroll: true }); scrollTo(0, 0); }
    first.current = false;
  }, [page]);
  return (
    <div class="shell">
      <a class="skip" href="#content" onClick={(event) => { event.preventDefault(); heading.current?.focus(); }}>{t('Skip to the content')}</a>
      <Header open={open} onMenu={() => setOpen(!open)} />
      <Menu open={open} page={page} />
      <main id="content">
        <Lost />
        <RestartBanner />
        <h1 ref={heading} tabIndex={-1}>{title}</h1>
        {children}
      </main>
      <Toast page={page} />
    </div>
  );
}

function Header({ open, onMenu }: { open: boolean; onMenu: () => void }) {
  const now = useStore(status);
  const who = useStore(session);
  return (
    <header class="top">
      <button class="button quiet menu-button" aria-expanded={open} aria-controls="menu" onClick={onMenu}>
        <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true"><path d="M4 7h16M4 12h16M4 17h16" /></svg>
        <span>{t('Menu')}</span>
      </button>
      <div class="brand">
        <Logo />
        <div>
          <strong>{now?.station.name ?? 'Powerstation'}</strong>
          <span class="soft small">
            {now ? `${t('Firmware')} ${now.station.firmware}` : ' '}
            {now?.station.simulated && <> · {t('simulated')}</>}
          </span>
        </div>
      </div>
      <div class="top-time small soft">{now && <StationTime utc={now.station.utc} zone={now.station.zone} />}</div>
      <div class="top-tools">
        <Find />
        <LanguageChoice />
        <ThemeChoice />
        <span class="role small"><span class="sr">{t('Signed in as')} </span>{word('role', who?.role ?? 'user')}</span>
        <button class="button quiet" onClick={() => void leave()}>{t('Log out')}</button>
      </div>
    </header>
  );
}

function StationTime({ utc, zone }: { utc: string; zone: string }) {
  const [time, where] = stationTime(utc, zone);
  return <time dateTime={utc}><span>{time}</span> <span>{where}</span></time>;
}

function Menu({ open, page }: { open: boolean; page: string }) {
  useStore(status);
  useStore(edits);
  const held = useStore(book);
  const where = useStore(route);
  return (
    <nav id="menu" class={open ? 'menu open' : 'menu'} aria-label={t('Main menu')}>
      <ul>
        {PAGES.filter((one) => one.open()).map((one) => {
          const here = one.name === page;
          const groups = here && one.menu
            ? [...new Set(held?.params.filter((param) => param.menu === one.menu).map((param) => param.group) ?? [])].filter(Boolean)
            : [];
          const changed = held?.params.filter((param) => param.menu === one.menu && param.key in edits.get()).length ?? 0;
          return (
            <li>
              <a href={`#/${one.name}`} aria-current={here ? 'page' : undefined}>
                <span>{one.title()}</span>
                {changed > 0 && <span class="count" aria-label={t('{n} unsaved', { n: changed })}>{changed}</span>}
              </a>
              {groups.length > 1 && (
                <ul>
                  {groups.map((group) => (
                    <li><a href={`#/${one.name}/${slug(group)}`} aria-current={where.group === slug(group) ? 'true' : undefined}>{t(group)}</a></li>
                  ))}
                </ul>
              )}
            </li>
          );
        })}
      </ul>
    </nav>
  );
}

function Lost() {
  const since = useStore(lost);
  return (
    <div role="status" aria-live="polite">
      {since && (
        <p class="notice warn">{t('Connection lost. This is the state of {time}; the page connects again by itself.', { time: clock(status.get()?.station.utc ?? since) })}</p>
      )}
    </div>
  );
}
