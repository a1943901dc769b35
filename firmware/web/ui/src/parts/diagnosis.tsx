// Why the back end does not answer: the steps of the way there, the settings compared, the hints.
import { useState } from 'preact/hooks';
import { api } from '../api';
import { param } from '../edits';
import { label, t, told, word } from '../i18n';
import { because } from '../sentences';
import { Badge, Card, Trouble, useLoad } from './basics';

const TONES = { ok: 'good', failed: 'bad', unknown: 'plain', skipped: 'plain' } as const;

export function Diagnosis() {
  const [found, problem, again] = useLoad(() => api.diagnosis());
  const [busy, setBusy] = useState(false);
  const back = found?.backend;
  return (
    <Card title={t('Diagnosis')} action={
      <button type="button" class="button quiet" disabled={busy} onClick={async () => { setBusy(true); await again(); setBusy(false); }}>
        {busy ? t('Checking …') : t('Check again')}
      </button>
    }>
      <Trouble text={problem} />
      {back && <p class="sentence" role="status">{because(back.sentence)}</p>}
      {back && (
        <ol class="steps">
          {back.steps.map((one) => (
            <li class={one.state}>
              <Badge tone={TONES[one.state as keyof typeof TONES] ?? 'plain'}>{word('step', one.state)}</Badge>
              <strong>{t(one.label)}</strong>
              {one.text !== back.sentence && <span>{because(one.text)}</span>}
            </li>
          ))}
        </ol>
      )}
      {back && back.settings.length > 0 && (
        <details>
          <summary>{t('The settings that matter')}</summary>
          <table class="stacked">
            <tbody>
              {back.settings.map((one) => {
                const known = param(one.key);
                return (
                  <tr>
                    <th scope="row">{known ? <a href={`#/${known.menu}?p=${known.key}`}>{label(known)}</a> : one.key}</th>
                    <td>{one.value || t('empty')}</td>
                    <td class="soft">{told(one.remark)}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </details>
      )}
      {found && found.hints.length > 0 && (
        <details>
          <summary>{t('Other symptoms and their usual causes')}</summary>
          {found.hints.map((one) => (
            <div class="hint">
              <h3>{t(one.symptom)}</h3>
              <ul>{one.causes.map((cause) => <li>{t(cause)}</li>)}</ul>
            </div>
          ))}
        </details>
      )}
    </Card>
  );
}
