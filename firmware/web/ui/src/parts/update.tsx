// The firmware: a package is brought in parts, looked at by the station, installed when no car charges.
import { useRef, useState } from 'preact/hooks';
import { api, Refused } from '../api';
import { t } from '../i18n';
import { because } from '../sentences';
import type { Update } from '../types';
import { Notice, Trouble, useEvery, useLoad, useName } from './basics';
import { Dialog } from './dialog';
import { attempt } from './toast';

const AGAIN_MS = 2000;
const PART_BYTES = 96 * 1024;
const UNDER_WAY = ['fetching', 'waiting', 'installing'];

async function base64(part: Blob): Promise<string> {
  const whole = await new Promise<string>((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result as string);
    reader.onerror = () => failed(reader.error ?? new Error());
    reader.readAsDataURL(part);
  });
  return whole.slice(whole.indexOf(',') + 1);
}

// Bring a file; `go` says between the parts whether it is still wanted.
async function bring(file: File, tell: (bytes: number) => void, go: () => boolean): Promise<void> {
  let at = (await api.beginUpdate(file.name, file.size)).update.received;
  while (at < file.size && go()) {
    tell(at);
    at = (await api.updatePart(at, await base64(file.slice(at, at + PART_BYTES)))).update.received;
  }
}

export function FirmwareUpdate() {
  const [seen, problem, again] = useLoad(() => api.update());
  const [sent, setSent] = useState<{ name: string; at: number; of: number } | null>(null);
  const [refused, setRefused] = useState<string[]>([]);
  const [asks, setAsks] = useState(false);
  const wanted = useRef(false);
  const update = seen?.update;
  useEvery(async () => { if (problem || (update && UNDER_WAY.includes(update.stage))) await again(); }, AGAIN_MS);

  async function send(file: File) {
    setRefused([]);
    wanted.current = true;
    try {
      await bring(file, (at) => setSent({ name: file.name, at, of: file.size }), () => wanted.current);
    } catch (error) {
      setRefused(error instanceof Refused ? error.problems.map((one) => because(one.message)) : [t('This file cannot be read.')]);
    }
    setSent(null);
    await again();
  }
  async function drop() {
    wanted.current = false;
    await attempt(async () => { await api.dropUpdate(); });
    await again();
  }
  return (
    <div class="stack">
      <h3>{t('Bring a package')}</h3>
      <p>{t('This station runs firmware {version}.', { version: update?.running ?? '…' })}</p>
      <Trouble text={problem} />
      <div role="alert">{refused.map((one) => <p class="notice bad">{one}</p>)}</div>
      {sent ? <Sending {...sent} /> : update && <Told update={update} />}
      <div class="row">
        {!sent && update && !UNDER_WAY.includes(update.stage) && (
          <label class="button file">{update.stage === 'ready' ? t('Choose another package') : t('Choose a package (.deb)')}
            <input type="file" accept=".deb" onChange={(event) => {
              const file = event.currentTarget.files?.[0];
              event.currentTarget.value = '';
              if (file) void send(file);
            }} />
          </label>
        )}
        {!sent && update?.stage === 'ready' && <button type="button" class="button primary" onClick={() => setAsks(true)}>{t('Install')}</button>}
        {(sent || update?.stage === 'ready') && <button type="button" class="button" onClick={() => void drop()}>{t('Cancel')}</button>}
      </div>
      {asks && update && (
        <Dialog title={t('Install version {version}?', { version: update.version })} onClose={() => setAsks(false)} buttons={
          <button type="button" class="button primary" onClick={async () => {
            setAsks(false);
            await attempt(async () => { await api.installUpdate(); });
            await again();
          }}>{t('Install')}</button>
        }>
          <p>{t('Cars that charge go on to their end; no other begins. Then it is installed, which takes up to 15 minutes, and the station starts anew.')}</p>
        </Dialog>
      )}
    </div>
  );
}

function Sending({ name, at, of }: { name: string; at: number; of: number }) {
  const id = useName('sending');
  const mib = (bytes: number) => (bytes / 1024 / 1024).toFixed(1);
  return (
    <div>
      <p id={id}>{t('{name}: {at} of {of} MiB', { name, at: mib(at), of: mib(of) })}</p>
      <progress aria-labelledby={id} value={at} max={of} />
    </div>
  );
}

function Told({ update }: { update: Update['update'] }) {
  const whose = update.by === 'backend' ? t('The back end has ordered an update.') : '';
  return (
    <div role="status" aria-live="polite">
      {update.stage === 'refused' && <Notice tone="bad" title={t('{name} cannot be installed', { name: update.name })}><p>{because(update.problem)}</p></Notice>}
      {update.stage === 'ready' && <Notice tone="good"><p>{t('{name} is whole: version {version}, signed by {signer}.', { name: update.name, version: update.version, signer: update.signer })}</p></Notice>}
      {update.stage === 'fetching' && <Notice tone="plain"><p>{whose} {t('It is on its way.')}</p></Notice>}
      {update.stage === 'waiting' && <Notice tone="warn"><p>{whose} {t('It waits until no car is charging; nothing new begins until then.')}</p></Notice>}
      {update.stage === 'installing' && <><p>{t('It is being installed. This takes up to 15 minutes; the station starts anew by itself.')}</p><progress aria-label={t('Installing')} /></>}
      {update.stage === 'installed' && <Notice tone="good"><p>{t('The update is installed.')}</p></Notice>}
      {update.stage === 'failed' && <Notice tone="bad" title={t('The update was not installed')}><p>{because(update.problem) || t('The station runs on with the firmware it has.')}</p></Notice>}
    </div>
  );
}
