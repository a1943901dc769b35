// The time-of-day table of the current scheduler: days, from when, how much per phase.
// As text a row is `mon-fri,sun 08:00 16/16/16`, rows are joined by `;`.
import { edit } from '../edits';
import { t } from '../i18n';
import type { Param } from '../types';

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
interface Row { days: string[]; time: string; amps: string[] }

export function readRows(text: string): Row[] {
  return text.split(';').map((part) => part.trim()).filter(Boolean).map((part) => {
    const [days = '', time = '', amps = ''] = part.split(/\s+/);
    return { days: days.toLowerCase().split(',').flatMap(span), time, amps: amps.split('/') };
  });
}

function span(part: string): string[] {
  const [first = '', last = first] = part.split('-');
  return DAYS.slice(DAYS.indexOf(first), DAYS.indexOf(last) + 1);
}

// Three days or more in a row are written as a span.
function daysText(days: string[]): string {
  const parts: string[] = [];
  for (let n = 0; n < DAYS.length; n += 1) {
    let end = n;
    while (days.includes(DAYS[end]!)) end += 1;
    if (end - n >= 3) { parts.push(`${DAYS[n]}-${DAYS[end - 1]}`); n = end; } else if (days.includes(DAYS[n]!)) parts.push(DAYS[n]!);
  }
  return parts.join(',');
}

export const writeRows = (rows: Row[]): string =>
  rows.map((row) => `${daysText(row.days)} ${row.time} ${row.amps.join('/')}`).join(';');

export function ScheduleControl({ param, value, id }: { param: Param; value: string; id: string }) {
  const rows = readRows(value);
  const put = (n: number, row: Row) => edit(param, writeRows(rows.map((one, i) => (i === n ? row : one))));
  return (
    <div role="group" aria-labelledby={`${id}-label`} class="schedule">
      {rows.map((row, n) => (
        <fieldset class="schedule-row">
          <legend>{t('Entry {n}', { n: n + 1 })}</legend>
          <div class="days">
            {DAYS.map((day) => (
              <label>
                <input type="checkbox" checked={row.days.includes(day)} onChange={(event) => put(n, {
                  ...row, days: DAYS.filter((one) => (one === day ? event.currentTarget.checked : row.days.includes(one))),
                })} />
                <span>{t(`day ${day}`)}</span>
              </label>
            ))}
          </div>
          <label>{t('from')} <input type="time" value={row.time} onInput={(event) => put(n, { ...row, time: event.currentTarget.value })} /></label>
          {['L1', 'L2', 'L3'].map((phase, p) => (
            <label>{phase} <input type="text" inputMode="numeric" class="number" value={row.amps[p] ?? ''} onInput={(event) => {
              const amps = [0, 1, 2].map((i) => row.amps[i] ?? '0');
              amps[p] = event.currentTarget.value.trim();
              put(n, { ...row, amps });
            }} /></label>
          ))}
          <span class="unit">A</span>
          <button type="button" class="button quiet" onClick={() => edit(param, writeRows(rows.filter((_, i) => i !== n)))}>{t('Remove')}</button>
        </fieldset>
      ))}
      <button type="button" id={id} class="button" onClick={() => edit(param, writeRows([...rows, { days: [...DAYS], time: '00:00', amps: ['16', '16', '16'] }]))}>
        {t('Add entry')}
      </button>
    </div>
  );
}
