// One outlet: its state in words, the big numbers, the limit with its source, why, and what one can do.
import { useState } from 'preact/hooks';
import { api } from '../api';
import { amps, kilowattHours, kilowatts, number, stateWord, t, told, word } from '../i18n';
import { reason } from '../sentences';
import { atLeast } from '../session';
import type { Outlet } from '../types';
import { Badge, Facts, useName } from './basics';
import { Chart } from './chart';
import { Dialog } from './dialog';
import { attempt } from './toast';

const TONES: Record<string, 'good' | 'bad' | 'warn' | 'busy' | 'plain'> = {
  Available: 'good', Charging: 'good', Preparing: 'busy', SuspendedEV: 'busy', SuspendedEVSE: 'warn',
  Finishing: 'busy', Reserved: 'warn', Unavailable: 'plain', Faulted: 'bad',
};

export function OutletCard({ outlet }: { outlet: Outlet }) {
  const id = useName('outlet');
  return (
    <section class="card outlet" aria-labelledby={id}>
      <div class="card-head">
        <h2 id={id}>{t('Outlet {n}', { n: outlet.outlet })}</h2>
        <span role="status"><Badge tone={outlet.status === 'Available' && outlet.phase !== 'idle' ? 'busy' : TONES[outlet.status] ?? 'plain'}>{stateWord(outlet)}</Badge></span>
      </div>
      <Numbers outlet={outlet} />
      <p class="sentence">{reason(outlet.why)}</p>
      {outlet.advice && <p class="notice warn">{told(outlet.advice)}</p>}
      <Chart outlet={outlet.outlet} />
      <Facts rows={[
        [t('Limit'), <>{amps(outlet.limit_ma, 0)} <span class="soft">· {t('set by')} {word('source', outlet.limit_source)}</span></>],
        [t('Offered to the car'), amps(outlet.offered_ma, 0)],
        [t('Token'), outlet.token ? <code>{outlet.token}</code> : t('none')],
        [t('Cable'), outlet.cable_ma ? `${amps(outlet.cable_ma, 0)}${outlet.locked ? ` · ${t('locked')}` : ''}` : t('none plugged in')],
        [t('Contactor'), outlet.contactor_closed ? t('closed') : t('open')],
        ...(outlet.transaction_id != null ? [[t('Transaction'), String(outlet.transaction_id)] as [string, string]] : []),
      ]} />
      {atLeast('operator') && <Acts outlet={outlet} />}
    </section>
  );
}

function Numbers({ outlet }: { outlet: Outlet }) {
  const currents = outlet.currents_ma;
  const most = currents ? Math.max(...currents) : null;
  return (
    <div class="numbers">
      <div><Big text={kilowatts(outlet.power_w)} /><span class="soft small">{t('Power')}</span></div>
      <div>
        <Big text={amps(most)} />
        <span class="soft small">{t('Current')}{currents && ` · ${currents.map((ma) => number(ma / 1000, 1)).join(' / ')}`}</span>
      </div>
      <div><Big text={kilowattHours(outlet.energy_wh)} /><span class="soft small">{t('Energy of this session')}</span></div>
    </div>
  );
}

function Big({ text }: { text: string }) {
  const [value, unit] = text.split(' ');
  return <span class="big">{value}{unit && <small> {unit}</small>}</span>;
}

function Acts({ outlet }: { outlet: Outlet }) {
  const [asking, setAsking] = useState(false);
  const [token, setToken] = useState('');
  const n = outlet.outlet;
  const running = outlet.transaction_id != null || ['Charging', 'SuspendedEV', 'SuspendedEVSE'].includes(outlet.status);
  const act = (name: string, body: unknown = {}) => attempt(async () => told((await api.outlet(n, name, body)).text));
  return (
    <div class="acts" role="group" aria-label={t('What to do at outlet {n}', { n })}>
      {running
        ? <button type="button" class="button primary" onClick={() => void act('stop')}>{t('Stop charging')}</button>
        : <button type="button" class="button primary" disabled={outlet.status === 'Unavailable'} onClick={() => setAsking(true)}>{t('Start charging')}</button>}
      <button type="button" class="button" onClick={() => void act('unlock')}>{t('Unlock plug')}</button>
      {outlet.status === 'Unavailable'
        ? <button type="button" class="button" onClick={() => void act('available')}>{t('Put into service')}</button>
        : <button type="button" class="button" onClick={() => void act('unavailable')}>{t('Take out of service')}</button>}
      {asking && (
        <Dialog title={t('Start charging at outlet {n}', { n })} onClose={() => setAsking(false)} buttons={
          <button type="submit" form={`start-${n}`} class="button primary" disabled={!token.trim()}>{t('Start charging')}</button>
        }>
          <form id={`start-${n}`} onSubmit={(event) => {
            event.preventDefault();
            setAsking(false);
            void act('start', { token: token.trim() });
          }}>
            <label class="field">
              <span class="label">{t('Token')}</span>
              <input type="text" value={token} maxLength={20} autocomplete="off" spellcheck={false} onInput={(event) => setToken(event.currentTarget.value)} />
            </label>
            <p class="help">{t('The number of a card that may charge here. The charge is booked to it.')}</p>
          </form>
        </Dialog>
      )}
    </div>
  );
}
