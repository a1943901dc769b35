// A value that parts of the page watch: as small as it can be.
import { useLayoutEffect, useState } from 'preact/hooks';

export interface Store<Value> {
  get(): Value;
  set(value: Value): void;
  watch(act: () => void): () => void;
}

export function store<Value>(first: Value): Store<Value> {
  let held = first;
  const watchers = new Set<() => void>();
  return {
    get: () => held,
    set(value) {
      if (value === held) return;
      held = value;
      watchers.forEach((act) => act());
    },
    watch(act) {
      watchers.add(act);
      return () => { watchers.delete(act); };
    },
  };
}

export function useStore<Value>(source: Store<Value>): Value {
  const [, again] = useState(0);
  const value = source.get();
  useLayoutEffect(() => {
    const look = () => again((n) => n + 1);
    const stop = source.watch(look);
    if (source.get() !== value) look(); // it has changed since, before anybody watched
    return stop;
  }, [source]);
  return value;
}

export function remembered(name: string, otherwise: string): string {
  try { return localStorage.getItem(`powerstation.${name}`) ?? otherwise; } catch { return otherwise; }
}

export function remember(name: string, value: string): void {
  try { localStorage.setItem(`powerstation.${name}`, value); } catch { /* private window: forget */ }
}
