// Texts in four languages. English sentences stand in the source and are the keys; the other
// languages are one file each, loaded when chosen. What has no translation shows in English.
import englishChoices from './lang/choices.en.json';
import words from './lang/words.en.json';
import { shaped } from './shapes';
import { remember, remembered, store } from './store';
import type { Fault, Outlet, Param } from './types';

interface Texts {
  chrome: Record<string, string>;
  labels: Record<string, string>;
  help: Record<string, string>;
  choices: Record<string, string>;
  faults: Record<string, { text: string; advice: string }>;
}
const ENGLISH: Texts = { chrome: {}, labels: {}, help: {}, choices: englishChoices, faults: {} };
export const LANGUAGES = { en: 'English', de: 'Deutsch', fr: 'Français', nl: 'Nederlands' } as const;
export type Language = keyof typeof LANGUAGES;

export const language = store<Language>('en');
let texts = ENGLISH;

export async function speak(wanted: string, keep = false): Promise<void> {
  const chosen: Language = wanted in LANGUAGES ? (wanted as Language) : 'en';
  if (keep) remember('language', chosen);
  if (chosen === 'en') texts = ENGLISH;
  else {
    try {
      const response = await fetch(`./lang/${chosen}.json`);
      texts = response.ok ? ((await response.json()) as Texts) : ENGLISH;
    } catch { texts = ENGLISH; }
  }
  document.documentElement.lang = texts === ENGLISH ? 'en' : chosen;
  language.set(chosen);
}

export const chosenLanguage = (otherwise: string): string => remembered('language', otherwise);

export function t(text: string, values: Record<string, string | number> = {}): string {
  const found = texts.chrome[text] ?? words[text as keyof typeof words] ?? text;
  return found.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}

// A sentence of the station; what stands in its places may be one again. Or its numbers differ
// from those of the catalogue: they stand there as {1}, {2} in their order.
export function told(text: string): string {
  const found = t(text);
  if (found !== text || texts === ENGLISH) return found;
  const one = shaped(text);
  if (one) return t(one[0], Object.fromEntries(Object.entries(one[1]).map(([name, value]) => [name, told(value)])));
  const numbers: string[] = [];
  const shape = text.replace(/\d+(?:\.\d+)?/g, (one) => `{${numbers.push(one)}}`);
  const known = texts.chrome[shape];
  return known ? known.replace(/\{(\d+)\}/g, (_whole, n: string) => numbers[Number(n) - 1] ?? '') : text;
}

// A word of the station (a source, a state): known ones have a text, others show as they are.
export function word(kind: string, value: string): string {
  const found = t(`${kind} ${value}`);
  return found === `${kind} ${value}` ? value.replace(/_/g, ' ') : found;
}

// The state of an outlet for people: OCPP keeps it Available while only a cable is in.
export function stateWord(outlet: Outlet): string {
  const early = ['plugged', 'authorised', 'starting', 'finishing'].includes(outlet.phase);
  const calm = ['Available', 'Preparing', 'Finishing'].includes(outlet.status);
  return early && calm ? word('phase', outlet.phase) : word('status', outlet.status);
}

// `one` and `many` are both texts of the catalogue; `{n}` is the number.
export function plural(count: number, one: string, many: string): string {
  return t(count === 1 ? one : many, { n: count });
}

export const label = (param: Param): string => {
  const own = texts.labels[param.key];
  if (own) return own;
  const first = texts.labels[param.key.replace(/_2$/, '_1')];
  return first ? `${first} (${t('Connector 2')})` : param.label;
};
export const help = (param: Param): string =>
  texts.help[param.key] ?? texts.help[param.key.replace(/_2$/, '_1')] ?? param.help;
export const faultName = (id: string, otherwise: string): string => texts.faults[id]?.text ?? otherwise;
export const faultText = (fault: Fault): string => texts.faults[fault.id]?.text ?? fault.text;
export const faultAdvice = (fault: Fault): string => texts.faults[fault.id]?.advice ?? fault.advice;

export function choice(param: Param, value: string): string {
  return texts.choices[`${param.key}.${value}`] ?? texts.choices[value]
    ?? englishChoices[`${param.key}.${value}` as keyof typeof englishChoices]
    ?? englishChoices[value as keyof typeof englishChoices] ?? tidy(value);
}

function tidy(value: string): string {
  const words = value.replace(/_/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const locale = (): string => ({ en: 'en-GB', de: 'de-DE', fr: 'fr-FR', nl: 'nl-NL' })[language.get()];

export function number(value: number, digits: number): string {
  return value.toLocaleString(locale(), { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
export const amps = (ma: number | null | undefined, digits = 1): string =>
  ma == null ? '–' : `${number(ma / 1000, ma % 1000 === 0 && digits === 0 ? 0 : digits)} A`;
export const kilowatts = (w: number | null | undefined): string => (w == null ? '–' : `${number(w / 1000, 1)} kW`);
export const kilowattHours = (wh: number | null | undefined): string =>
  wh == null ? '–' : `${number(wh / 1000, wh < 100_000 ? 2 : 1)} kWh`;

// How long something lasts, in the largest unit that fits.
export function lasting(s: number): string {
  if (s < 60) return `${s} s`;
  const min = Math.floor(s / 60);
  return min < 60 ? `${min} min` : `${Math.floor(min / 60)} h ${min % 60} min`;
}

function inZone(zone: string): string | undefined {
  try { new Intl.DateTimeFormat('en', { timeZone: zone }); return zone; } catch { return undefined; }
}
let here: string | undefined; // every time is shown in the zone of the station, not of the browser
export function setZone(zone: string): void { here = inZone(zone); }
export const clock = (at: string | number | Date): string =>
  new Date(at).toLocaleTimeString(locale(), { timeZone: here });
export const stamp = (at: string | null | undefined): string =>
  at ? new Date(at).toLocaleString(locale(), { dateStyle: 'medium', timeStyle: 'medium', timeZone: here }) : '–';
export const stationTime = (utc: string, zone: string): [string, string] => {
  const timeZone = inZone(zone);
  const shown = new Date(utc).toLocaleString(locale(), { dateStyle: 'medium', timeStyle: 'medium', timeZone: timeZone ?? 'UTC' });
  return [shown, timeZone ? zone : 'UTC'];
};
