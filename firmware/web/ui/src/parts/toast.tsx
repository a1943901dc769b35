// A short word after an act: seen at the lower edge, and said by a screen reader.
import { useEffect } from 'preact/hooks';
import { because } from '../sentences';
import { store, useStore } from '../store';

interface Word { text: string; tone: 'good' | 'bad' }
const word = store<Word | null>(null);
let timer: number | undefined;

export function say(text: string, tone: Word['tone'] = 'good'): void {
  word.set({ text, tone });
  clearTimeout(timer);
  timer = window.setTimeout(() => word.set(null), tone === 'good' ? 4000 : 12_000);
}

// Runs an act of a button; what goes wrong is said.
export async function attempt(act: () => Promise<string | void>): Promise<boolean> {
  try {
    const done = await act();
    if (done) say(done);
    return true;
  } catch (error) {
    say(because((error as Error).message), 'bad');
    return false;
  }
}

export function Toast({ page }: { page: string }) {
  const shown = useStore(word);
  useEffect(() => () => word.set(null), [page]); // what was said belongs to the page left
  return (
    <div class="toast-room" role="status" aria-live="polite">
      {shown && <p class={`toast ${shown.tone}`}>{shown.text}</p>}
    </div>
  );
}
