// Commissioning, step by step: it can be left at any time and is resumed where it was.
import type { ComponentType } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { loadParams, book, edits, param, saveOnly, shown, summary } from '../edits';
import { label, t } from '../i18n';
import { status } from '../live';
import { wrong } from '../sentences';
import { remember, remembered, useStore } from '../store';
import { Field } from '../parts/field';
import { Country, OutletsSeen, PresetRow, Summary } from '../parts/steps';
import { GuidedTest } from '../parts/guided';
import { PasswordForm } from './password';
import { say } from '../parts/toast';

interface Step { name: string; about: string; keys: string[]; Extra?: ComponentType }

const STEPS: Step[] = [
  { name: 'Country', about: 'Where does the station stand? This only suggests a language and a voltage; nothing is fixed by it.', keys: ['ui_language'], Extra: Country },
  { name: 'Supply', about: 'How is the station fed?', keys: ['power_source_voltage', 'station_single_supply', 'phases_connected_1', 'phases_connected_2', 'dlm_it_network'] },
  { name: 'Fuse', about: 'What may flow? The installation limit is what line and fuse before the station bear; the operator limit is what the owner allows of it.', keys: ['maximum_current_1', 'maximum_current_2', 'station_hardware_limit', 'station_supply_line_limit', 'installation_current_limit_1', 'installation_current_limit_2', 'operator_current_limit_1', 'operator_current_limit_2'] },
  { name: 'Phase rotation', about: 'Which phase of the grid is connected to L1 of each outlet? Rotate from outlet to outlet, so that single-phase cars spread over the phases.', keys: ['phase_rotation_1', 'phase_rotation_2'] },
  { name: 'Outlets', about: 'What the station sees of its own outlets, and the meter that counts for the bill.', keys: ['meter1_type', 'meter1_ip', 'meter1_port', 'led_type', 'rfid_slave', 'free_charging', 'local_whitelist_enabled'], Extra: OutletsSeen },
  { name: 'Back end', about: 'Who runs the station from afar? Without one, choose "none" and go on.', keys: ['backend_connection_type', 'ocpp_chargebox_identity', 'ocpp_mode', 'ocpp_ws_url', 'ocpp_basic_auth_password', 'ocpp_ws_keepalive_interval', 'gsm_apn', 'gsm_apn_username', 'gsm_apn_password'], Extra: PresetRow },
  { name: 'Passwords', about: 'The owner gets a password of their own. Write it down for them; it is shown nowhere.', keys: [], Extra: Passwords },
  { name: 'Guided test', about: 'The station tests its parts with you. Have a card and a cable with a car or a test plug at hand.', keys: [], Extra: GuidedTest },
  { name: 'Summary', about: 'What this station is set to now.', keys: [], Extra: Summary },
];

function Passwords() {
  return (
    <div class="cards">
      <div class="inner"><h3>{t('Password of {role}', { role: t('role operator') })}</h3><PasswordForm only="operator" /></div>
      <div class="inner"><h3>{t('Password of {role}', { role: t('role user') })}</h3><PasswordForm only="user" /></div>
    </div>
  );
}

export function Commissioning() {
  const held = useStore(book);
  useStore(edits);
  useStore(status);
  const problems = useStore(summary);
  const [at, setAt] = useState(() => Math.min(Number(remembered('commissioning', '0')) || 0, STEPS.length - 1));
  const [busy, setBusy] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  const moved = useRef(false);
  const step = STEPS[at]!;
  useEffect(() => {
    remember('commissioning', String(at));
    if (moved.current) {
      scrollTo(0, 0);
      heading.current?.focus({ preventScroll: true });
    }
    moved.current = true;
  }, [at]);
  useEffect(() => () => summary.set([]), []);
  if (!held) return <p role="status">{t('Loading …')}</p>;
  const fields = step.keys.map(param).filter((one) => one !== undefined).filter(shown);

  async function next() {
    setBusy(true);
    try {
      if (await saveOnly(step.keys.filter((key) => key in edits.get()))) {
        summary.set([]);
        setAt(Math.min(at + 1, STEPS.length - 1));
      }
    } catch (error) {
      say((error as Error).message, 'bad');
      await loadParams().catch(() => undefined);
    }
    setBusy(false);
  }
  const Extra = step.Extra;
  const last = at === STEPS.length - 1;
  return (
    <>
      <Progress at={at} onStep={setAt} />
      <section class="card wizard" aria-labelledby="step-title">
        <h2 id="step-title" ref={heading} tabIndex={-1}>{t('Step {n} of {all}: {name}', { n: at + 1, all: STEPS.length, name: t(step.name) })}</h2>
        <p class="soft">{t(step.about)}</p>
        <div role="alert">
          {problems.length > 0 && (
            <div class="notice bad"><strong>{t('Not saved. Please look at:')}</strong>
              <ul>{problems.map((one) => <li>{one.key && param(one.key) ? `${label(param(one.key)!)}: ` : ''}{wrong(one)}</li>)}</ul>
            </div>
          )}
        </div>
        {Extra && at < 6 && <Extra />}
        {fields.map((one) => <Field param={one} key={one.key} />)}
        {Extra && at >= 6 && <Extra key={step.name} />}
        <div class="row wizard-foot">
          {at > 0 && <button type="button" class="button" onClick={() => setAt(at - 1)}>{t('Back')}</button>}
          {!last && <button type="button" class="button primary" disabled={busy} onClick={() => void next()}>{t('Save and continue')}</button>}
          {last && <a class="button primary" href="#/dashboard" onClick={() => remember('commissioning', '0')}>{t('Finish commissioning')}</a>}
        </div>
      </section>
    </>
  );
}

function Progress({ at, onStep }: { at: number; onStep: (n: number) => void }) {
  const here = useRef<HTMLLIElement>(null);
  useEffect(() => { here.current?.scrollIntoView({ inline: 'center', block: 'nearest' }); }, [at]);
  return (
    <nav aria-label={t('Steps of commissioning')} class="progress">
      <progress max={STEPS.length} value={at + 1} aria-label={t('Progress')}>{at + 1}/{STEPS.length}</progress>
      <ol>
        {STEPS.map((one, n) => (
          <li ref={n === at ? here : undefined} class={n < at ? 'past' : n === at ? 'here' : ''}>
            <button type="button" aria-current={n === at ? 'step' : undefined} onClick={() => onStep(n)}>
              <span aria-hidden="true">{n < at ? '✓' : n + 1}</span> {t(one.name)}
            </button>
          </li>
        ))}
      </ol>
    </nav>
  );
}
