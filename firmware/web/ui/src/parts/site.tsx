// A site of load management: what is wrong, its tree of fuses, its outlets with who waits and why.
import { amps, lasting, number, t, word } from '../i18n';
import { because } from '../sentences';
import type { Dlm, SiteFuse, SitePoint } from '../types';
import { Badge, Notice } from './basics';

const PHASES = ['L1', 'L2', 'L3'];
const TONES: Record<string, 'good' | 'bad' | 'warn' | 'busy' | 'plain'> = {
  charges: 'good', 'may charge': 'busy', waits: 'warn', 'not heard': 'bad', 'no car': 'plain',
};

export function Troubles({ dlm }: { dlm: Dlm }) {
  return (
    <div aria-live="polite">
      {dlm.problem && <Notice tone="bad"><p>{because(dlm.problem)}</p></Notice>}
      {dlm.warnings.map((one) => <Notice tone="warn"><p>{because(one)}</p></Notice>)}
    </div>
  );
}

export function Fuses({ fuses, behind = null }: { fuses: SiteFuse[]; behind?: string | null }) {
  const here = fuses.filter((one) => one.parent === behind);
  if (!here.length) return null;
  return (
    <ul class="fuses">
      {here.map((one) => (
        <li key={one.fuse}>
          <Fuse fuse={one} />
          <Fuses fuses={fuses} behind={one.fuse} />
        </li>
      ))}
    </ul>
  );
}

function Fuse({ fuse }: { fuse: SiteFuse }) {
  return (
    <table class="fuse">
      <caption>{t('Fuse {name}', { name: fuse.fuse })}</caption>
      <thead><tr>{['Phase', 'In force', 'Available', 'Limit'].map((name) => <th scope="col">{t(name)}</th>)}</tr></thead>
      <tbody>
        {PHASES.map((phase, n) => (
          <tr>
            <th scope="row"><div><span>{phase}</span><Bar force={fuse.in_force_ma[n]!} given={fuse.given_ma[n]!} limit={fuse.limit_ma[n]!} /></div></th>
            <td>{amps(fuse.in_force_ma[n], 0)}</td><td>{amps(fuse.given_ma[n], 0)}</td><td>{amps(fuse.limit_ma[n], 0)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

// The numbers stand beside it: what is in force, up to the line that is given, of the fuse's own limit.
function Bar({ force, given, limit }: { force: number; given: number; limit: number }) {
  const part = (ma: number) => (limit > 0 ? Math.min(100, (100 * ma) / limit) : 0);
  return (
    <svg class="load" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      <rect class="room" width={part(given)} height="10" />
      <rect class={force > given ? 'force over' : 'force'} y="2" width={part(force)} height="6" />
      <rect class="given" x={Math.max(0, part(given) - 0.8)} width="0.8" height="10" />
    </svg>
  );
}

const COLUMNS = ['Outlet', 'State', 'Phases', 'Limit', 'Draws', 'Waits for', 'Why'];

// On a phone each row is a card of its own; the roles keep it a table for who hears it.
export function Points({ points, tree }: { points: SitePoint[]; tree: boolean }) {
  return (
    <table class="points" role="table" aria-label={t('Outlets')}>
      <thead role="rowgroup"><tr role="row">{COLUMNS.map((name) => <th scope="col" role="columnheader">{t(name)}</th>)}</tr></thead>
      <tbody role="rowgroup">
        {points.map((one) => {
          const cells = [
            <Badge tone={TONES[one.state] ?? 'plain'}>{word('point', one.state)}</Badge>,
            one.phases.join(' ') || '–',
            amps(one.limit_ma, 0),
            one.drawn_ma.length ? `${one.drawn_ma.map((ma) => number(ma / 1000, 1)).join(' / ')} A` : '–',
            one.waits_s == null ? '–' : lasting(one.waits_s),
            because(one.why),
          ];
          return (
            <tr role="row" key={one.point}>
              <th scope="row" role="rowheader">{one.name}{tree && <span class="soft small block">{t('Fuse {name}', { name: one.fuse })}</span>}</th>
              {cells.map((cell, n) => <td role="cell" data-label={t(COLUMNS[n + 1]!)}>{cell}</td>)}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
