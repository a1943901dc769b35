// What the steps of commissioning show besides their fields.
import { useState } from 'preact/hooks';
import { api } from '../api';
import { edit, fill, param } from '../edits';
import { amps, label, LANGUAGES, speak, stateWord, t, word, type Language } from '../i18n';
import { status } from '../live';
import { remember, remembered, useStore } from '../store';
import { Badge, Facts, useLoad } from './basics';
import { display } from './field';
import { say } from './toast';

interface Land { language: Language; zone: string; volts: string; hint: string }
const LANDS: Record<string, Land> = {
  NL: { language: 'nl', zone: 'Europe/Amsterdam', volts: '230', hint: 'With a house connection of 3 × 25 A, load management is advisable.' },
  BE: { language: 'nl', zone: 'Europe/Brussels', volts: '230', hint: 'Old 3 × 230 V grids have no neutral: choose the IT setting of the phases there.' },
  DE: { language: 'de', zone: 'Europe/Berlin', volts: '230', hint: 'Report it to the grid operator; above 12 kW ask first. One phase: at most 20 A.' },
  AT: { language: 'de', zone: 'Europe/Vienna', volts: '230', hint: 'One phase: at most 16 A.' },
  CH: { language: 'de', zone: 'Europe/Zurich', volts: '230', hint: 'One phase: at most 16 A.' },
  FR: { language: 'fr', zone: 'Europe/Paris', volts: '230', hint: 'Only an installer with the IRVE mark may install above 3.7 kW.' },
  LU: { language: 'fr', zone: 'Europe/Luxembourg', volts: '230', hint: 'Above 7 kW the grid operator must be able to reduce the station.' },
  GB: { language: 'en', zone: 'Europe/London', volts: '230', hint: 'Loss of the PEN conductor needs its own protection.' },
  XX: { language: 'en', zone: 'UTC', volts: '230', hint: '' },
};

function landName(code: string, language: string): string {
  if (code === 'XX') return t('another country');
  try { return new Intl.DisplayNames([language], { type: 'region' }).of(code) ?? code; } catch { return code; }
}

export function Country() {
  const [code, setCode] = useState(remembered('country', ''));
  const land = LANDS[code];
  const language = document.documentElement.lang;
  function choose(next: string) {
    setCode(next);
    remember('country', next);
    const found = LANDS[next];
    const own = param('ui_language');
    if (found && own?.writable) edit(own, found.language);
  }
  return (
    <>
      <label class="field">
        <span class="label">{t('Country')}</span>
        <select value={code} onChange={(event) => choose(event.currentTarget.value)}>
          <option value="">{t('choose …')}</option>
          {Object.keys(LANDS).map((one) => <option value={one}>{landName(one, language)}</option>)}
        </select>
      </label>
      {land && (
        <div class="notice plain">
          <Facts rows={[[t('Time zone there'), land.zone], [t('Voltage'), `${land.volts} V`], [t('Language'), LANGUAGES[land.language]]]} />
          {land.hint && <p>{t(land.hint)} <span class="soft small">{t('A reminder, no legal advice.')}</span></p>}
          {land.language !== language && (
            <button type="button" class="button" lang={land.language} onClick={() => void speak(land.language, true)}>{LANGUAGES[land.language]}</button>
          )}
        </div>
      )}
    </>
  );
}

export function OutletsSeen() {
  const now = useStore(status);
  return (
    <div class="cards">
      {now?.outlets.map((one) => (
        <div class="inner">
          <h3>{t('Outlet {n}', { n: one.outlet })} <Badge tone={one.faults.length ? 'bad' : 'good'}>{stateWord(one)}</Badge></h3>
          <Facts rows={[
            [t('Limit'), amps(one.limit_ma, 0)],
            [t('Cable'), one.cable_ma ? amps(one.cable_ma, 0) : t('none plugged in')],
            [t('Contactor'), `${one.contactor_closed ? t('closed') : t('open')} · ${t('{n} closings', { n: one.closings })}`],
            [t('Faults'), one.faults.length ? one.faults.join(', ') : t('none')],
          ]} />
        </div>
      ))}
    </div>
  );
}

export function PresetRow() {
  const [found] = useLoad(() => api.presets());
  if (!found) return null;
  return (
    <div class="row" role="group" aria-label={t('Presets of known back ends')}>
      {found.presets.map((one) => (
        <button type="button" class="button" onClick={() => { fill(one.changes); say(t('Filled in. Look it over, then save.')); }}>{one.name}</button>
      ))}
    </div>
  );
}

const TOLD = [
  'power_source_voltage', 'phases_connected_1', 'phases_connected_2', 'phase_rotation_1', 'phase_rotation_2',
  'installation_current_limit_1', 'installation_current_limit_2', 'operator_current_limit_1', 'operator_current_limit_2',
  'meter1_type', 'backend_connection_type', 'ocpp_chargebox_identity', 'ocpp_mode', 'ocpp_ws_url',
];

export function Summary() {
  const now = useStore(status);
  const [test] = useLoad(() => api.commissioning());
  const rows = TOLD.map(param).filter((one) => one !== undefined)
    .map((one): [string, string] => [label(one), display(one, one.value)]);
  const failed = test?.steps.filter((one) => one.state !== 'passed') ?? [];
  return (
    <>
      <Facts rows={rows} />
      {test && test.steps.length > 0 && (failed.length
        ? <p class="notice warn">{t('Not passed in the guided test: {what}', { what: failed.map((one) => word('part', one.part) + (one.outlet ? ` ${one.outlet}` : '')).join(', ') })}</p>
        : <p class="notice good">{t('Every part passed the guided test.')}</p>)}
      {now && now.faults.filter((one) => !one.ended).length > 0 && <p class="notice bad">{t('The station reports a fault; see the dashboard.')}</p>}
      <p><button type="button" class="button" onClick={() => print()}>{t('Print this page')}</button></p>
    </>
  );
}
