// A field for a password that can be looked at.
import { useState } from 'preact/hooks';
import { t } from '../i18n';
import { useName } from './basics';

interface Props {
  label: string; value: string; onValue: (value: string) => void;
  autocomplete: string; help?: string;
}

export function PasswordField({ label, value, onValue, autocomplete, help }: Props) {
  const [open, setOpen] = useState(false);
  const name = useName('password');
  return (
    <div class="field">
      <label class="label" for={name}>{label}</label>
      <div class="with-button">
        <input id={name} {...({ type: open ? 'text' : 'password' } as { type: 'password' })} value={value} autocomplete={autocomplete}
          spellcheck={false} autocapitalize="off" aria-describedby={help ? `${name}-help` : undefined}
          onInput={(event) => onValue(event.currentTarget.value)} />
        <button type="button" class="button quiet" aria-pressed={open} aria-controls={name}
          aria-label={open ? t('Hide password') : t('Show password')} onClick={() => setOpen(!open)}>
          {open ? t('Hide') : t('Show')}
        </button>
      </div>
      {help && <p class="help" id={`${name}-help`}>{help}</p>}
    </div>
  );
}
