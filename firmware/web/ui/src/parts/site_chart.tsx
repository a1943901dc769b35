// The last hours of a site on one phase: what was given, what was in force, what was drawn.
import { useMemo, useState } from 'preact/hooks';
import { amps, t } from '../i18n';
import { status } from '../live';
import type { SiteMoment } from '../types';
import { Card } from './basics';
import { Plot, type Line, type Table } from './chart';

const PHASES = ['L1', 'L2', 'L3'];
const LEAST_S = 15 * 60;

function table(history: SiteMoment[], phase: number): Table {
  const now_s = Math.floor(new Date(status.get()?.station.utc ?? Date.now()).getTime() / 1000);
  const line = (name: 'given_ma' | 'in_force_ma' | 'drawn_ma') => history.map((one) => one[name][phase]! / 1000);
  return [history.map((one) => now_s - one.ago_s), line('given_ma'), line('in_force_ma'), line('drawn_ma')];
}

function fullest(history: SiteMoment[]): number {
  const last = history[history.length - 1]?.in_force_ma ?? [0, 0, 0];
  return last.indexOf(Math.max(...last));
}

export function SiteChart({ history }: { history: SiteMoment[] }) {
  const [chosen, setChosen] = useState<number | null>(null);
  const phase = chosen ?? fullest(history);
  const rows = useMemo(() => table(history, phase), [history, phase]);
  const last = history[history.length - 1];
  const lines: Line[] = [
    { label: t('Available'), colour: '--limit', stepped: true, dashed: true },
    { label: t('In force'), colour: '--l2', stepped: true },
    { label: t('Drawn'), colour: '--l1' },
  ];
  return (
    <Card wide title={t('The last hours')} action={
      <div class="segments" role="group" aria-label={t('Phase')}>
        {PHASES.map((name, n) => <button type="button" class="button" aria-pressed={n === phase} onClick={() => setChosen(n)}>{name}</button>)}
      </div>
    }>
      {!last && <p class="soft">{t('Nothing to show yet; it begins after the first sample period.')}</p>}
      {last && <Plot table={rows} lines={lines} span_s={Math.max(LEAST_S, history[0]!.ago_s - last.ago_s)}
        about={t('Currents of the site on {phase}; now {drawn} drawn, {force} in force, {given} available', {
          phase: PHASES[phase]!, drawn: amps(last.drawn_ma[phase]), force: amps(last.in_force_ma[phase], 0), given: amps(last.given_ma[phase], 0),
        })} />}
    </Card>
  );
}
