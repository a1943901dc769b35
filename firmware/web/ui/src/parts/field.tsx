// One parameter as a row of a form: name, control, what is allowed, help, when it acts, what is wrong.
import { useState } from 'preact/hooks';
import { check, dropEdit, edit, edits, hint, valueOf } from '../edits';
import { choice, help, label, t, told, word } from '../i18n';
import { wrong } from '../sentences';
import { useStore } from '../store';
import type { Param } from '../types';
import { Badge } from './basics';
import { AmpsControl, ListControl, SecretControl } from './controls';
import { ScheduleControl } from './schedule';

export const fieldId = (key: string): string => `p-${key}`;

export function display(param: Param, value: string): string {
  if (param.kind === 'secret' || param.kind === 'password') return value ? '•••' : t('not set');
  if (value === '') return t('empty');
  if (param.kind === 'flag') return value === 'on' ? t('On') : t('Off');
  if (param.kind === 'choice') return choice(param, value);
  return param.unit ? `${value} ${param.unit}` : value;
}

const EFFECTS: Record<string, string> = {
  immediate: 'acts at once', 'next session': 'from the next session', restart: 'after a restart',
};

export function Field({ param, idle }: { param: Param; idle?: boolean }) {
  const changes = useStore(edits);
  const told = useStore(check);
  const [open, setOpen] = useState(false);
  const id = fieldId(param.key);
  const value = valueOf(param);
  const changed = param.key in changes;
  const problems = changed || told?.errors.length
    ? (told?.errors ?? []).filter((one) => one.key === param.key).map(wrong) : [];
  const early = hint(param, value);
  if (!problems.length && early) problems.push(hintText(param, early));
  const about = [`${id}-allowed`, problems.length ? `${id}-bad` : '', open ? `${id}-help` : ''].filter(Boolean).join(' ');
  const row = ['param', changed ? 'changed' : '', problems.length ? 'wrong' : ''].join(' ');
  const single = !['amps3', 'schedule'].includes(param.kind) && param.writable;
  return (
    <div class={row} id={`${id}-row`}>
      <div class="param-name">
        {single
          ? <label for={id} id={`${id}-label`}>{label(param)}</label>
          : <span class="label" id={`${id}-label`}>{label(param)}</span>}
        <button type="button" class="ask" aria-expanded={open} aria-controls={`${id}-help`}
          aria-label={t('Help for {name}', { name: label(param) })} onClick={() => setOpen(!open)}>?</button>
        <p class="allowed" id={`${id}-allowed`}>{allowedText(param)}</p>
      </div>
      <div class="param-value">
        {param.writable ? <Control param={param} value={value} id={id} about={about} wrong={problems.length > 0} />
          : <ReadOnly param={param} value={value} />}
        <div class="tags">
          {param.writable && param.acts && <span class={`tag ${param.effect === 'restart' ? 'restart' : ''}`}>{t(EFFECTS[param.effect] ?? param.effect)}</span>}
          {!param.acts && !idle && <span class="tag note">{t('stored, nothing in this version acts on it yet')}</span>}
          {changed && <button type="button" class="link" onClick={() => dropEdit(param.key)}>{t('undo this change')}</button>}
        </div>
        {problems.length > 0 && <p class="wrong-text" id={`${id}-bad`}><Badge tone="bad">{problems.join(' ')}</Badge></p>}
      </div>
      {open && <Help param={param} id={`${id}-help`} />}
    </div>
  );
}

function hintText(param: Param, early: string): string {
  if (early === 'whole') return t('This must be a whole number.');
  if (early === 'long') return t('At most {n} characters.', { n: param.max_length! });
  return t('Allowed: {what}', { what: param.allowed });
}

function allowedText(param: Param): string {
  const parts: string[] = [];
  if (param.kind === 'whole' || param.kind === 'amps3') {
    if (param.allowed) parts.push(`${numbers(param.allowed)}${param.unit ? ` ${param.unit}` : ''}`);
  } else if (param.kind === 'text' && param.allowed && param.allowed.length < 60) parts.push(told(param.allowed));
  const known = param.default !== '' && !['secret', 'password', 'schedule', 'list'].includes(param.kind);
  if (known) parts.push(`${t('default')} ${display(param, param.default)}`);
  return parts.join(' · ');
}

const numbers = (allowed: string): string =>
  allowed.replace(/(\d+) to (\d+)/g, '$1–$2').replace(/ or /g, ` ${t('or')} `);

function Help({ param, id }: { param: Param; id: string }) {
  const rows: [string, string][] = [];
  if (param.allowed && param.kind !== 'choice') rows.push([t('Allowed'), told(param.allowed)]);
  rows.push([t('Key'), param.key]);
  if (param.ocpp) rows.push([t('OCPP key'), param.ocpp]);
  rows.push([t('Changed by'), word('role', param.role)]);
  if (param.restarts) rows.push([t('Restarts'), param.restarts]);
  if (param.manual) rows.push([t('Manual'), param.manual]);
  return (
    <div class="param-help" id={id}>
      <p>{help(param)}</p>
      {param.kind === 'choice' && param.choices.some((one) => t(`about ${param.key}.${one}`) !== `about ${param.key}.${one}`) && (
        <ul>{param.choices.map((one) => <li><strong>{choice(param, one)}</strong>: {t(`about ${param.key}.${one}`)}</li>)}</ul>
      )}
      <dl>{rows.map(([name, value]) => <div><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
    </div>
  );
}

function ReadOnly({ param, value }: { param: Param; value: string }) {
  const secret = param.kind === 'secret' || param.kind === 'password';
  return (
    <p class="read-only">
      <span>{secret ? (param.is_set ? t('set') : t('not set')) : display(param, value)}</span>
      <span class="tag"><svg viewBox="0 0 24 24" width="12" height="12" aria-hidden="true"><path d="M7 11V8a5 5 0 0 1 10 0v3M5 11h14v9H5z" /></svg>
        {t('changed by {role}', { role: word('role', param.role) })}</span>
    </p>
  );
}

interface ControlProps { param: Param; value: string; id: string; about: string; wrong: boolean }

function Control({ param, value, id, about, wrong }: ControlProps) {
  const common = { id, 'aria-describedby': about, 'aria-invalid': wrong };
  switch (param.kind) {
    case 'flag':
      return (
        <span class="switch">
          <input type="checkbox" role="switch" {...common} checked={value === 'on'}
            onChange={(event) => edit(param, event.currentTarget.checked ? 'on' : 'off')} />
          <span aria-hidden="true">{value === 'on' ? t('On') : t('Off')}</span>
        </span>
      );
    case 'choice':
      return (
        <select {...common} value={value} onChange={(event) => edit(param, event.currentTarget.value)}>
          {(param.choices.includes(value) ? param.choices : [value, ...param.choices]).map((one) => (
            <option value={one} selected={one === value}>{choice(param, one)}</option>
          ))}
        </select>
      );
    case 'amps3': return <AmpsControl param={param} value={value} id={id} about={about} wrong={wrong} />;
    case 'schedule': return <ScheduleControl param={param} value={value} id={id} />;
    case 'list': return <ListControl param={param} value={value} id={id} about={about} wrong={wrong} />;
    case 'secret':
    case 'password': return <SecretControl param={param} id={id} about={about} wrong={wrong} />;
    case 'whole':
      return (
        <span class="with-unit">
          <input type="text" inputMode="numeric" class="number" {...common} value={value} autocomplete="off"
            onInput={(event) => edit(param, event.currentTarget.value.trim())} />
          {param.unit && <span class="unit">{param.unit}</span>}
        </span>
      );
    default:
      return (
        <input type="text" {...common} value={value} autocomplete="off" spellcheck={false} autocapitalize="off"
          onInput={(event) => edit(param, event.currentTarget.value)} />
      );
  }
}
