// The virtual bench: the wallbox as a picture, and the world around it to act on.
import { useEffect, useState } from 'preact/hooks';
import { url } from '../api';
import { t } from '../i18n';
import { status } from '../live';
import { useStore } from '../store';
import type { Look } from '../types';
import { Card, Trouble } from '../parts/basics';
import { CarControls, CardControls, FaultControls } from '../parts/bench_controls';
import { Scope } from '../parts/scope';
import { Strip, type StripPoint } from '../parts/strip';
import { Wallbox } from '../parts/wallbox';

const KEEP_MS = 20_000;

export function Bench() {
  const now = useStore(status);
  const [look, setLook] = useState<Look | null>(null);
  const [trail, setTrail] = useState<StripPoint[]>([]);
  const [problem, setProblem] = useState('');
  const [outlet, setOutlet] = useState(1);
  useEffect(() => {
    const source = new EventSource(url('/bench/live'));
    source.addEventListener('look', (event) => {
      const seen = JSON.parse((event as MessageEvent<string>).data) as Look;
      setProblem('');
      setLook(seen);
      setTrail((held) => [...held.filter((one) => one.at_ms > seen.at_ms - KEEP_MS && one.at_ms < seen.at_ms), {
        at_ms: seen.at_ms,
        outlets: seen.outlets.map((one) => ({
          outlet: one.outlet, closed: one.contactor_closed,
          drawn_ma: Math.max(0, ...one.currents_ma),
          limit_ma: status.get()?.outlets.find((other) => other.outlet === one.outlet)?.offered_ma ?? 0,
        })),
      }]);
    });
    source.onerror = () => setProblem('The bench does not answer; the page tries again.');
    return () => source.close();
  }, []);
  const one = look?.outlets.find((seen) => seen.outlet === outlet);
  return (
    <>
      <Trouble text={problem} />
      {!look && !problem && <p role="status">{t('Loading …')}</p>}
      {look && (
        <div class="bench">
          <Card title={t('The station')}>
            <Wallbox look={look} outlets={now?.outlets ?? []} chosen={outlet} />
            {look.outlets.length > 1 && (
              <div class="segments" role="group" aria-label={t('Outlet to act on')}>
                {look.outlets.map((seen) => (
                  <button type="button" class="button" aria-pressed={seen.outlet === outlet} onClick={() => setOutlet(seen.outlet)}>{t('Outlet {n}', { n: seen.outlet })}</button>
                ))}
              </div>
            )}
          </Card>
          <div class="stack">
            {one && <CarControls seen={one} key={`car-${outlet}`} />}
            <CardControls />
          </div>
          {one && <Card title={`${t('Control pilot')} · ${t('Outlet {n}', { n: outlet })}`}><Scope seen={one} /></Card>}
          {one && <Card title={`${t('Contactor and current, 20 s')} · ${t('Outlet {n}', { n: outlet })}`}><Strip points={trail} outlet={outlet} /></Card>}
          <FaultControls outlet={outlet} key={`faults-${outlet}`} />
        </div>
      )}
    </>
  );
}
