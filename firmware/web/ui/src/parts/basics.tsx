// Small things that every page uses.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { t } from '../i18n';

let names = 0;
export function useName(what: string): string {
  return useState(() => `${what}-${++names}`)[0];
}

export function Logo() {
  return (
    <span class="logo" aria-hidden="true">
      <svg viewBox="0 0 32 32" width="36" height="36"><rect width="32" height="32" rx="9" class="logo-box" /><path d="M17.5 5 8 18h6.5L13 27l10-14h-6.8z" class="logo-bolt" /></svg>
    </span>
  );
}

// The first heading of a page takes the focus, so that a screen reader says where one is.
export function Heading({ level, children, focus = true }: { level: 1 | 2 | 3; children: ComponentChildren; focus?: boolean }) {
  const at = useRef<HTMLHeadingElement>(null);
  useEffect(() => { if (level === 1 && focus) at.current?.focus({ preventScroll: true }); }, []);
  const Tag = `h${level}` as 'h1';
  return <Tag ref={at} tabIndex={level === 1 ? -1 : undefined}>{children}</Tag>;
}

type Tone = 'good' | 'bad' | 'warn' | 'busy' | 'plain';
const SIGNS: Record<Tone, string> = {
  good: 'M5 12.5l4.5 4.5L19 7.5', bad: 'M12 6v7M12 17v.5', warn: 'M12 6v7M12 17v.5',
  busy: 'M12 3a9 9 0 1 0 .01 0M12 8v4l3 2', plain: 'M6 12h12',
};

export function Badge({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return (
    <span class={`badge ${tone}`}>
      <svg viewBox="0 0 24 24" width="14" height="14" aria-hidden="true"><path d={SIGNS[tone]} /></svg>
      {children}
    </span>
  );
}

export function Notice({ tone, title, children, alert }: { tone: Tone; title?: string; children?: ComponentChildren; alert?: boolean }) {
  return (
    <div class={`notice ${tone}`} role={alert ? 'alert' : undefined}>
      {title && <strong>{title}</strong>}
      {children}
    </div>
  );
}

export function Card({ title, children, action, wide, name }: {
  title: string; children: ComponentChildren; action?: ComponentChildren; wide?: boolean; name?: string;
}) {
  const own = useName('card');
  return (
    <section class={`card${wide ? ' wide' : ''}`} aria-labelledby={name ?? own}>
      <div class="card-head"><h2 id={name ?? own}>{title}</h2>{action}</div>
      {children}
    </section>
  );
}

export function Facts({ rows }: { rows: [string, ComponentChildren][] }) {
  return (
    <dl class="facts">
      {rows.map(([name, value]) => <div><dt>{name}</dt><dd>{value}</dd></div>)}
    </dl>
  );
}

// Loads once, and again when asked; tells what went wrong in a sentence.
export function useLoad<Value>(load: () => Promise<Value>, when: unknown[] = []): [Value | null, string, () => Promise<void>] {
  const [value, setValue] = useState<Value | null>(null);
  const [problem, setProblem] = useState('');
  const again = async () => {
    try { setValue(await load()); setProblem(''); } catch (error) { setProblem((error as Error).message); }
  };
  useEffect(() => { void again(); }, when);
  return [value, problem, again];
}

// Does something again and again while somebody looks.
export function useEvery(act: () => Promise<void>, every_ms: number): void {
  const newest = useRef(act);
  newest.current = act;
  useEffect(() => {
    const timer = setInterval(() => { if (!document.hidden) void newest.current(); }, every_ms);
    return () => clearInterval(timer);
  }, []);
}

export function Trouble({ text }: { text: string }) {
  return text ? <p class="notice bad" role="alert">{t(text)}</p> : null;
}

export function download(name: string, type: string, text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
