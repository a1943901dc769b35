// The sentences in which the station says why, in the language and the words of the page: they
// have a shape each; what has none shows as the station wrote it.
import { book } from './edits';
import type { Problem } from './types';
import { faultName, label, t, told, word } from './i18n';

type Shape = [RegExp, (parts: string[]) => string];

// Keys of parameters in a sentence become the names that the forms show.
export function named(text: string): string {
  return text.replace(/\b[a-z]+\d?(?:_[a-z0-9]+)+\b/g, (key) => {
    const found = book.get()?.params.find((one) => one.key === key);
    return found ? label(found) : key;
  });
}

const source = (name: string): string => word('source', name.trim());
const limits = (text: string): string =>
  text.split(', ').map((one) => one.replace(/^(.*) (\S+ A)$/, (_all, name: string, amps: string) => `${source(name)} ${amps}`)).join(', ');

const SHAPES: Shape[] = [
  [/^(\S+ A), bound by ([^(]+) \((.*?)\)(?:; then (.*?))?(?:; (the car .*))?$/, ([amps, by, reason, others, car]) => {
    const first = t('{amps}, set by {source} ({reason})', { amps: amps!, source: source(by!), reason: named(told(bareWhy(reason!))) });
    return [first, others && t('then {others}', { others: limits(others) }), car && asked(car)].filter(Boolean).join('; ');
  }],
  [/^no power asked for \((.*)\); it could be (\S+ A)$/, ([reason, amps]) =>
    t('no power is asked for: {reason}; it could be {amps}', { reason: told(reason!), amps: amps! })],
  [/^paused, (.*) leaves (\S+ A) of 6 A \((.*)\)$/, ([by, amps, reason]) =>
    t('paused: {source} leaves only {amps}, a car needs 6 A ({reason})', { source: source(by!), amps: amps!, reason: named(told(bareWhy(reason!))) })],
  [/^no charging, fault (\w+): (.*)$/, ([id, text]) => t('no charging: {fault}', { fault: `${faultName(id!, text!)} (${id})` })],
  [/^nothing new begins, (\w+): (.*)$/, ([id, text]) => t('nothing new begins: {fault}', { fault: `${faultName(id!, text!)} (${id})` })],
];

function asked(text: string): string {
  const found = /^(the car .*?) (\(state .*\))$/.exec(text);
  return found ? `${t(found[1]!)} ${found[2]!.replace('state', t('State').toLowerCase())}` : text;
}

// Load management names the outlet and its share before it says why: both are seen anyway.
const bareWhy = (text: string): string =>
  text.replace(/^\S+\/\d+: /, '').replace(/^(?:\d+(?:\.\d+)? A|paused): /, '');

// The card says which outlet it is; the sentence need not.
export function reason(why: string): string {
  const bare = why.replace(/^outlet \d+: /, '');
  const shape = SHAPES.find(([form]) => form.test(bare));
  const text = shape ? shape[1](shape[0].exec(bare)!.slice(1)) : named(told(bare));
  return text.charAt(0).toUpperCase() + text.slice(1);
}
// What is wrong with a value: the field says which one it is.
export function wrong(problem: Problem): string {
  const bare = problem.key ? problem.message.replace(new RegExp(`^${problem.key}:? ?`), '') : problem.message;
  const shape = /^('.*') cannot be taken, allowed: (.*)$/.exec(bare);
  const text = shape
    ? t('{value} cannot be taken. Allowed: {what}', { value: shape[1]!, what: told(shape[2]!) })
    : named(told(bare));
  return text.charAt(0).toUpperCase() + text.slice(1);
}
export function because(text: string): string {
  const found = named(told(bareWhy(text)));
  return found.charAt(0).toUpperCase() + found.slice(1);
}
