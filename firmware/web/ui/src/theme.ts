// Auto follows the system; the choice is kept in this browser.
import { remember, remembered, store } from './store';

export type Theme = 'auto' | 'light' | 'dark';
export const theme = store<Theme>(remembered('theme', 'auto') as Theme);
const system = matchMedia('(prefers-color-scheme: dark)');

export function applyTheme(): void {
  const chosen = theme.get();
  const dark = chosen === 'dark' || (chosen === 'auto' && system.matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
}

export function chooseTheme(chosen: Theme): void {
  remember('theme', chosen);
  theme.set(chosen);
  applyTheme();
}
system.addEventListener('change', applyTheme);
