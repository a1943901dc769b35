// The guided test: the station says what to do, looks, and says what it saw.
import { useEffect, useState } from 'preact/hooks';
import { api } from '../api';
import { t, told, word } from '../i18n';
import type { Commissioning } from '../types';
import { Badge, Trouble } from './basics';
import { attempt } from './toast';

const AGAIN_MS = 1000;
const SEEN_BY_PERSON = ['led'];
const TONES = { waiting: 'busy', passed: 'good', failed: 'bad' } as const;

export function GuidedTest() {
  const [found, setFound] = useState<Commissioning | null>(null);
  const [problem, setProblem] = useState('');
  useEffect(() => {
    let gone = false;
    const look = async () => {
      try { const now = await api.commissioning(); if (!gone) { setFound(now); setProblem(''); } } catch (error) { if (!gone) setProblem((error as Error).message); }
    };
    void look();
    const timer = setInterval(() => void look(), AGAIN_MS);
    return () => { gone = true; clearInterval(timer); };
  }, []);
  const put = (act: () => Promise<unknown>) => attempt(async () => {
    await act();
    setFound(await api.commissioning());
  });
  const next = found?.steps.find((one) => one.state === 'waiting');
  return (
    <>
      <Trouble text={problem} />
      <p>
        {found?.on
          ? <button type="button" class="button" onClick={() => void put(() => api.commission(false))}>{t('End the test')}</button>
          : <button type="button" class="button primary" onClick={() => void put(() => api.commission(true))}>{found?.steps.length ? t('Test again') : t('Begin the test')}</button>}
      </p>
      <ol class="steps test" aria-live="polite">
        {found?.steps.map((one) => (
          <li class={`${one.state}${one === next && found.on ? ' now' : ''}`}>
            <Badge tone={TONES[one.state as keyof typeof TONES] ?? 'plain'}>{word('test', one.state)}</Badge>
            <strong>{word('part', one.part)}{one.outlet ? ` · ${t('Outlet {n}', { n: one.outlet })}` : ''}</strong>
            <span>{told(one.do)}{one.seen && <span class="soft block">{t('The station saw:')} {told(one.seen)}</span>}</span>
            {found.on && one.state === 'waiting' && SEEN_BY_PERSON.includes(one.part) && (
              <span class="row">
                <button type="button" class="button" onClick={() => void put(() => api.confirmPart(one.part, true))}>{t('Yes, I see it')}</button>
                <button type="button" class="button" onClick={() => void put(() => api.confirmPart(one.part, false))}>{t('No')}</button>
              </span>
            )}
          </li>
        ))}
      </ol>
    </>
  );
}
