// The transactions as a table and as a CSV that no spreadsheet takes for a formula.
import { useState } from 'preact/hooks';
import { api } from '../api';
import { kilowattHours, stamp, t } from '../i18n';
import type { Transaction } from '../types';
import { Badge, Card, Trouble, download, useLoad } from './basics';
import { attempt } from './toast';

const PAGE = 50;
const MOST = 100_000;

export function cell(value: unknown): string {
  let text = value == null ? '' : String(value);
  if (/^[=+\-@\t\r]/.test(text)) text = `'${text}`;
  return /[",;\n\r]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}

export function csv(rows: Transaction[]): string {
  const names = ['outlet', 'token', 'began', 'ended', 'energy_wh', 'stop_reason', 'transaction_id', 'delivered'] as const;
  return [names.join(','), ...rows.map((row) => names.map((name) => cell(row[name])).join(','))].join('\r\n');
}

async function all(): Promise<Transaction[]> {
  const rows: Transaction[] = [];
  let before: string | number | null = null;
  do {
    const found: Awaited<ReturnType<typeof api.transactions>> = await api.transactions(200, before);
    rows.push(...found.transactions);
    before = found.next;
  } while (before !== null && rows.length < MOST);
  return rows;
}

export function Transactions() {
  const [found, problem, again] = useLoad(() => api.transactions(PAGE));
  const [more, setMore] = useState<Transaction[]>([]);
  const [next, setNext] = useState<string | number | null | undefined>(undefined);
  const rows = [...(found?.transactions ?? []), ...more];
  const following = next === undefined ? found?.next ?? null : next;
  return (
    <Card wide title={t('Transactions')} action={<>
      <button type="button" class="button quiet" onClick={() => { setMore([]); setNext(undefined); void again(); }}>{t('Load again')}</button>
      <button type="button" class="button" disabled={!rows.length} onClick={() => void attempt(async () => {
        download(`transactions-${new Date().toISOString().slice(0, 10)}.csv`, 'text/csv', csv(await all()));
      })}>{t('Download as CSV')}</button>
    </>}>
      <Trouble text={problem} />
      {found && !rows.length && <p class="soft">{t('Nobody has charged yet.')}</p>}
      {rows.length > 0 && (
        <div class="scroll" tabIndex={0} role="group" aria-label={t('Transactions')}>
          <table>
            <thead><tr>
              {['Outlet', 'Token', 'Began', 'Ended', 'Energy', 'Ended by', 'Back end'].map((name) => <th scope="col">{t(name)}</th>)}
            </tr></thead>
            <tbody>
              {rows.map((one) => (
                <tr key={one.key}>
                  <td>{one.outlet}</td><td><code>{one.token}</code></td><td>{stamp(one.began)}</td>
                  <td>{one.ended ? stamp(one.ended) : t('running')}</td><td class="right">{kilowattHours(one.energy_wh)}</td>
                  <td>{one.stop_reason ?? ''}</td>
                  <td>{one.delivered ? <Badge tone="good">{t('delivered')}</Badge> : <Badge tone="busy">{t('waiting')}</Badge>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {following != null && <button type="button" class="button" onClick={() => void attempt(async () => {
        const page = await api.transactions(PAGE, following);
        setMore([...more, ...page.transactions]);
        setNext(page.next);
      })}>{t('Show older ones')}</button>}
    </Card>
  );
}
