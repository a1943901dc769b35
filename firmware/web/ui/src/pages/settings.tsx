// The parameter pages: one generic form each, and what only one of them has.
import { useState } from 'preact/hooks';
import { api } from '../api';
import { fill, param } from '../edits';
import { label, t } from '../i18n';
import { status } from '../live';
import { useStore } from '../store';
import { Card, Notice, Trouble, useLoad } from '../parts/basics';
import { Diagnosis } from '../parts/diagnosis';
import { DiffTable } from '../parts/diff';
import { Forget, MASTERS } from '../parts/forget';
import { Form } from '../parts/form';
import { attempt, say } from '../parts/toast';
import { Dialog } from '../parts/dialog';
import type { Preset } from '../types';

export function NetworkPage() {
  const modem = useStore(status)?.modem;
  return (
    <Form menus={['network']} after={{
      GSM: modem && !modem.fitted ? <Notice tone="plain">{t(modem.text)}</Notice> : null,
      USB: <p>{t('Where the CONFIG socket carries a network of its own, this page answers there at {address}, on ports 80 and 81. There is nothing to set.', { address: 'http://192.168.123.123' })}</p>,
    }} />
  );
}

export function BackendPage() {
  return <Form menus={['backend', 'ocpp']} before={<><Diagnosis /><Presets /></>} after={{ 'E-mail': <EmailTest /> }} />;
}

export function AuthorizationPage() {
  return <Form menus={['authorization']} after={{ 'RFID Whitelists': <ClearCache /> }} />;
}

export function LoadPage() {
  const role = useStore(status)?.dlm.role ?? '';
  return <Form menus={['load_management']} after={{ DLM: MASTERS.includes(role) ? <Forget /> : null }} />;
}

export const InstallationPage = () => <Form menus={['installation']} before={<Chain />} />;
export const ManufacturerPage = () => <Form menus={['manufacturer']} />;

// How the limits of one outlet hang together: each is at most the one before it.
function Chain() {
  const two = Boolean(param('maximum_current_2')) && (status.get()?.outlets.length ?? 1) > 1;
  const single = param('station_single_supply')?.value === 'on';
  const rows = (two ? [1, 2] : [1]).map((n) => ({
    n,
    keys: [`maximum_current_${n}`, single ? 'station_supply_line_limit' : `installation_current_limit_${n}`, `operator_current_limit_${n}`],
  }));
  if (!rows.some((row) => row.keys.some((key) => param(key)))) return null;
  return (
    <Card title={t('How the limits hang together')}>
      <p class="soft">{t('Each limit may be at most as high as the one before it; the lowest of all acts.')}</p>
      {rows.map((row) => (
        <div>
        {two && <h3 class="chain-name">{t('Outlet {n}', { n: row.n })}</h3>}
        <ol class="chain" aria-label={t('Outlet {n}', { n: row.n })}>
          {row.keys.map((key) => {
            const one = param(key);
            return one && <li><span class="soft small">{label(param(key.replace(/_2$/, '_1')) ?? one)}</span><strong>{one.value} A</strong></li>;
          })}
        </ol>
        </div>
      ))}
    </Card>
  );
}

function Presets() {
  const [found, problem] = useLoad(() => api.presets());
  const [name, setName] = useState('');
  const [open, setOpen] = useState<Preset | null>(null);
  const chosen = found?.presets.find((one) => one.name === name);
  return (
    <Card title={t('Presets of known back ends')}>
      <Trouble text={problem} />
      <div class="row">
        <label class="field">
          <span class="label">{t('Back end of')}</span>
          <select value={name} onChange={(event) => setName(event.currentTarget.value)}>
            <option value="">{t('choose …')}</option>
            {found?.presets.map((one) => <option value={one.name}>{one.name}</option>)}
          </select>
        </label>
        <button type="button" class="button" disabled={!chosen} onClick={() => setOpen(chosen!)}>{t('Fill in')}</button>
      </div>
      <p class="soft small">{chosen?.remark ? t(chosen.remark) : t('Fills in the fields below; nothing is saved before you press Save.')}</p>
      {open && (
        <Dialog title={t('Fill in the preset {name}?', { name: open.name })} onClose={() => setOpen(null)} buttons={
          <button type="button" class="button primary" onClick={() => {
            fill(open.changes);
            say(t('Filled in. Look it over, then save.'));
            setOpen(null);
          }}>{t('Fill in')}</button>
        }>
          <DiffTable diff={Object.entries(open.changes).map(([key, to]) => ({ key, from: param(key)?.value ?? '', to })).filter((one) => one.from !== one.to)} />
        </Dialog>
      )}
    </Card>
  );
}

function EmailTest() {
  return (
    <div class="row">
      <button type="button" class="button" onClick={() => void attempt(async () => {
        const done = await api.action('email_test');
        return t(done?.text ?? 'The test message is on its way.');
      })}>{t('Send a test message')}</button>
      <p class="soft small">{t('Works with the settings that are saved and active, not with unsaved ones.')}</p>
    </div>
  );
}

function ClearCache() {
  return (
    <div class="row">
      <button type="button" class="button" onClick={() => void attempt(async () => {
        const done = await api.action('clear_cache');
        return t(done?.text ?? 'The OCPP whitelist was emptied.');
      })}>{t('Empty the OCPP whitelist')}</button>
      <p class="soft small">{t('Forgets what the back end said of each card; it is asked again.')}</p>
    </div>
  );
}
