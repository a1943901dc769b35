// What the world does to the station on the virtual bench: car, card, faults.
import { useState } from 'preact/hooks';
import { api } from '../api';
import { t, word } from '../i18n';
import { status } from '../live';
import { useStore } from '../store';
import type { LookOutlet } from '../types';
import { Badge, Card } from './basics';
import { attempt } from './toast';

const act = (what: Record<string, unknown>) => attempt(async () => { await api.bench(what); });

export function CarControls({ seen }: { seen: LookOutlet }) {
  const outlet = seen.outlet;
  const [cable, setCable] = useState('32000');
  const [manner, setManner] = useState('polite');
  const [phases, setPhases] = useState('3');
  const [most, setMost] = useState('16');
  const plugged = seen.pp_ohm !== null;
  const car = seen.car as { state?: string; asks?: string } | null;
  const body = () => ({ manner, phases: Number(phases), max_ma: Number(most) * 1000 });
  const change = (next: Record<string, unknown>) => { if (car) void act({ do: 'car', outlet, ...body(), ...next }); };
  return (
    <Card title={`${t('Plug and car')} · ${t('Outlet {n}', { n: outlet })}`}>
      <div class="grid-fields">
        <label class="field"><span class="label">{t('Cable')}</span>
          <select value={cable} disabled={plugged} onChange={(event) => setCable(event.currentTarget.value)}>
            {[13, 20, 32, 63].map((amp) => <option value={amp * 1000}>{amp} A</option>)}
          </select></label>
        <label class="field"><span class="label">{t('Manner of the car')}</span>
          <select value={manner} onChange={(event) => { setManner(event.currentTarget.value); change({ manner: event.currentTarget.value }); }}>
            {['polite', 'slow', 'rude', 'sleepy', 'no_diode', 'one_shot'].map((one) => <option value={one}>{t(`manner ${one}`)}</option>)}
          </select></label>
        <label class="field"><span class="label">{t('Phases of the car')}</span>
          <select value={phases} onChange={(event) => { setPhases(event.currentTarget.value); change({ phases: Number(event.currentTarget.value) }); }}>
            {['1', '2', '3'].map((one) => <option>{one}</option>)}
          </select></label>
        <label class="field"><span class="label">{t('The car takes at most')}</span>
          <select value={most} onChange={(event) => { setMost(event.currentTarget.value); change({ max_ma: Number(event.currentTarget.value) * 1000 }); }}>
            {['10', '16', '20', '32'].map((one) => <option value={one}>{one} A</option>)}
          </select></label>
      </div>
      <div class="row">
        {plugged
          ? <>
              <button type="button" class="button primary" onClick={() => void act({ do: 'unplug', outlet })}>{t('Unplug')}</button>
              <button type="button" class="button danger" onClick={() => void act({ do: 'unplug', outlet, force: true })}>{t('Tear the plug out')}</button>
            </>
          : <>
              <button type="button" class="button primary" onClick={() => void act({ do: 'plug', outlet, cable_ma: Number(cable), car: body() })}>{t('Plug in with a car')}</button>
              <button type="button" class="button" onClick={() => void act({ do: 'plug', outlet, cable_ma: Number(cable) })}>{t('Plug in the cable only')}</button>
            </>}
      </div>
      {car && (
        <fieldset class="segments" aria-label={t('The car asks for')}>
          <legend class="label">{t('The car asks for')}</legend>
          {['auto', 'B', 'C', 'D', 'E', 'F'].map((one) => (
            <button type="button" class="button" aria-pressed={(car.asks ?? 'auto') === one} onClick={() => change({ asks: one })}>{one === 'auto' ? t('Auto') : one}</button>
          ))}
        </fieldset>
      )}
    </Card>
  );
}

export function CardControls() {
  const last = useStore(status)?.last_card;
  const [uid, setUid] = useState('0a0e9b83');
  const [hold, setHold] = useState('2000');
  return (
    <Card title={t('Card')}>
      <form class="row" onSubmit={(event) => { event.preventDefault(); void act({ do: 'swipe', uid: uid.trim(), hold_ms: Number(hold) }); }}>
        <label class="field"><span class="label">{t('Number of the card (hex)')}</span>
          <input type="text" value={uid} maxLength={20} spellcheck={false} autocomplete="off" onInput={(event) => setUid(event.currentTarget.value)} /></label>
        <label class="field"><span class="label">{t('held for')}</span>
          <select value={hold} onChange={(event) => setHold(event.currentTarget.value)}>
            {['500', '2000', '5000'].map((ms) => <option value={ms}>{Number(ms) / 1000} s</option>)}
          </select></label>
        <button class="button primary">{t('Swipe card')}</button>
      </form>
      <p role="status" class="soft">{last && <><Badge tone={last.verdict === 'refused' ? 'bad' : last.verdict === 'asked' ? 'busy' : 'good'}>{word('verdict', last.verdict)}</Badge> <code>{last.uid}</code> {t(last.text)}</>}</p>
    </Card>
  );
}

type Body = Record<string, unknown>;
interface Trick { name: string; on: Body; off: Body }

function tricks(n: number): Trick[] {
  const input = (name: string, text: string): Trick => ({ name: text, on: { do: 'input', name, active: true }, off: { do: 'input', name, active: false } });
  return [
    { name: 'Residual current 8 mA DC', on: { do: 'residual', outlet: n, dc_ma: 8, ac_ma: 0 }, off: { do: 'residual', outlet: n, dc_ma: 0, ac_ma: 0 } },
    { name: 'Control pilot shorted', on: { do: 'cp', outlet: n, high_mv: 0, low_mv: 0 }, off: { do: 'cp', outlet: n, release: true } },
    { name: 'Diode of the car missing', on: { do: 'car', outlet: n, manner: 'no_diode' }, off: { do: 'car', outlet: n, manner: 'polite' } },
    { name: 'Contactor welded', on: { do: 'contactor', outlet: n, weld: true }, off: { do: 'contactor', outlet: n, weld: false } },
    { name: 'Contactor stays open', on: { do: 'contactor', outlet: n, stuck_open: true }, off: { do: 'contactor', outlet: n, stuck_open: false } },
    { name: 'Lock jammed', on: { do: 'lock', outlet: n, jam: true }, off: { do: 'lock', outlet: n, jam: false } },
    { name: 'Lock missing', on: { do: 'lock', outlet: n, missing: true }, off: { do: 'lock', outlet: n, missing: false } },
    input(`mcb_${n}`, 'Circuit breaker tripped'),
    input(`rcd_${n}`, 'RCD tripped'),
    input('spd', 'Surge protection tripped'),
    { name: 'Meter silent', on: { do: 'meter', name: `meter_${n}`, silent: true }, off: { do: 'meter', name: `meter_${n}`, silent: false } },
    { name: 'Reader silent', on: { do: 'reader', silent: true }, off: { do: 'reader', silent: false } },
    { name: 'Phase L2 missing', on: { do: 'mains', volts: [230, 0, 230] }, off: { do: 'mains', volts: [230, 230, 230] } },
    { name: 'Controller at 90 °C', on: { do: 'temperature', deci_celsius: 900 }, off: { do: 'temperature', deci_celsius: 250 } },
  ];
}

const active = new Set<string>(); // what this page has switched on, whichever outlet is shown

export function FaultControls({ outlet }: { outlet: number }) {
  const [, again] = useState(0);
  async function toggle(trick: Trick) {
    const name = JSON.stringify(trick.on);
    const was = active.has(name);
    if (await act(was ? trick.off : trick.on)) {
      if (was) active.delete(name);
      else active.add(name);
      again((n) => n + 1);
    }
  }
  return (
    <Card wide title={`${t('Faults')} · ${t('Outlet {n}', { n: outlet })}`}>
      <div class="tricks" role="group" aria-label={t('Faults')}>
        {tricks(outlet).map((trick) => (
          <button type="button" class="button" aria-pressed={active.has(JSON.stringify(trick.on))} onClick={() => void toggle(trick)}>{t(trick.name)}</button>
        ))}
        <button type="button" class="button danger" onClick={() => void act({ do: 'power', off_ms: 5000 })}>{t('Cut the power for 5 s')}</button>
      </div>
    </Card>
  );
}
