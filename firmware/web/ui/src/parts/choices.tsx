// Language and theme: kept in this browser.
import { LANGUAGES, language, speak, t } from '../i18n';
import { useStore } from '../store';
import { chooseTheme, theme, type Theme } from '../theme';

export function LanguageChoice() {
  const chosen = useStore(language);
  return (
    <label class="mini">
      <span class="sr">{t('Language')}</span>
      <select value={chosen} onChange={(event) => void speak(event.currentTarget.value, true)}>
        {Object.entries(LANGUAGES).map(([code, name]) => <option value={code} lang={code}>{name}</option>)}
      </select>
    </label>
  );
}

export function ThemeChoice() {
  const chosen = useStore(theme);
  return (
    <label class="mini">
      <span class="sr">{t('Appearance')}</span>
      <select value={chosen} onChange={(event) => chooseTheme(event.currentTarget.value as Theme)}>
        <option value="auto">{t('Auto')}</option>
        <option value="light">{t('Light')}</option>
        <option value="dark">{t('Dark')}</option>
      </select>
    </label>
  );
}
