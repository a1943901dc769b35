// Controls of the kinds that are more than one plain field.
import { dropEdit, edit, edits } from '../edits';
import { t } from '../i18n';
import { useStore } from '../store';
import type { Param } from '../types';

interface Props { param: Param; value: string; id: string; about: string; wrong: boolean }

// Three phases: L1, L2, L3; each has its own name for a screen reader.
export function AmpsControl({ param, value, id, about, wrong }: Props) {
  const parts = value.split('/');
  return (
    <div class="amps" role="group" aria-labelledby={`${id}-label`} aria-describedby={about}>
      {['L1', 'L2', 'L3'].map((phase, n) => (
        <label>
          <span>{phase}</span>
          <input id={n === 0 ? id : undefined} type="text" inputMode="numeric" class="number" autocomplete="off"
            aria-invalid={wrong} value={parts[n] ?? ''} onInput={(event) => {
              const next = [0, 1, 2].map((i) => parts[i] ?? '');
              next[n] = event.currentTarget.value.trim();
              edit(param, next.join('/'));
            }} />
        </label>
      ))}
      <span class="unit">{param.unit || 'A'}</span>
    </div>
  );
}

// One entry a line; stored with the separator of the parameter.
export function ListControl({ param, value, id, about, wrong }: Props) {
  const separator = param.separator || ':';
  const shown = value.split(separator).join('\n');
  return (
    <textarea id={id} rows={Math.min(8, Math.max(2, shown.split('\n').length + 1))} aria-describedby={about}
      aria-invalid={wrong} spellcheck={false} value={shown} placeholder={t('one entry a line')}
      onInput={(event) => edit(param, event.currentTarget.value.split('\n').map((one) => one.trim())
        .filter((one, n, all) => one || n === all.length - 1).join(separator).replace(/^\s+$/, ''))} />
  );
}

// What is set is never shown; typing replaces it, and emptying it must be asked for.
export function SecretControl({ param, id, about, wrong }: Omit<Props, 'value'>) {
  const changes = useStore(edits);
  const typed = changes[param.key];
  const removing = typed === '';
  return (
    <div class="with-button">
      <input id={id} type="password" autocomplete="new-password" aria-describedby={about} aria-invalid={wrong}
        value={typed ?? ''} disabled={removing}
        placeholder={removing ? t('will be removed') : param.is_set ? t('set; type to replace') : t('not set')}
        onInput={(event) => {
          const text = event.currentTarget.value;
          if (text) edit(param, text);
          else dropEdit(param.key);
        }} />
      {param.is_set && !removing && param.kind === 'secret' && (
        <button type="button" class="button quiet" onClick={() => edit(param, '')}>{t('Remove')}</button>
      )}
    </div>
  );
}
