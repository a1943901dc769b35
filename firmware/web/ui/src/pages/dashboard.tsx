// The dashboard: what is wrong first, then each outlet with its reason, then what stands around it.
import { api } from '../api';
import { amps, faultAdvice, faultText, plural, stamp, t, told, word } from '../i18n';
import { status } from '../live';
import { because } from '../sentences';
import { atLeast } from '../session';
import { useStore } from '../store';
import type { Fault, Status } from '../types';
import { Badge, Card, Facts, Trouble, useLoad } from '../parts/basics';
import { OutletCard } from '../parts/outlet';
import { Limits } from '../parts/limits';
import { Troubles } from '../parts/site';

export function Dashboard() {
  const now = useStore(status);
  if (!now) return <p role="status">{t('Loading …')}</p>;
  return (
    <>
      <Faults faults={now.faults} outlets={now.outlets.length} />
      <div class="outlets">
        {now.outlets.map((one) => <OutletCard outlet={one} key={one.outlet} />)}
      </div>
      <div class="cards">
        <Around now={now} />
        <Dlm now={now} />
        <Limits />
        {atLeast('operator') && <Events />}
      </div>
    </>
  );
}

export const where = (outlet: number): string => (outlet ? t('Outlet {n}', { n: outlet }) : t('Station'));

function Faults({ faults, outlets }: { faults: Fault[]; outlets: number }) {
  const open = faults.filter((one) => !one.ended);
  return (
    <section class="faults" aria-label={t('Faults')} aria-live="polite">
      {open.map((one) => (
        <article class={`notice ${one.stops ? 'bad' : 'warn'} fault`} key={`${one.id}-${one.outlet}`}>
          <h2>
            <Badge tone={one.stops ? 'bad' : 'warn'}>{one.stops ? t('Fault') : t('Warning')}</Badge>{' '}
            {faultText(one)} <span class="soft">{(outlets > 1 || !one.outlet) && `· ${where(one.outlet)} `}· {one.id}</span>
          </h2>
          <p><strong>{t('What to do:')}</strong> {faultAdvice(one) || t('Nothing; it ends by itself.')}</p>
          <p class="small soft">
            {t('since {time}', { time: stamp(one.since) })}
            {one.times > 1 && ` · ${plural(one.times, 'once', '{n} times')}`}
            {one.clears && ` · ${t('Clears:')} ${told(one.clears)}`}
          </p>
        </article>
      ))}
    </section>
  );
}

function Around({ now }: { now: Status }) {
  const back = now.backend;
  const rows: [string, preact.ComponentChildren][] = [
    [t('Back end'), <><Badge tone={back.connected ? 'good' : back.state === 'off' ? 'plain' : 'warn'}>{told(back.name)}</Badge><p class="small">{because(back.why)}</p></>],
  ];
  if (back.queued) rows.push([t('Waiting to be sent'), plural(back.queued, '{n} message', '{n} messages')]);
  rows.push([t('Modem'), told(now.modem.text)]);
  if (now.last_card) {
    rows.push([t('Last card'), <><code>{now.last_card.uid}</code> · {told(now.last_card.text)} <span class="soft small">{stamp(now.last_card.at)}</span></>]);
  }
  rows.push([t('Board'), `${now.station.board}${now.station.simulated ? ` (${t('simulated')})` : ''}`]);
  return (
    <Card title={t('Connections')}>
      <Facts rows={rows} />
      {atLeast('operator') && !back.connected && <p><a href="#/backend">{t('Find out why')}</a></p>}
    </Card>
  );
}

function Dlm({ now }: { now: Status }) {
  const { dlm } = now;
  return (
    <Card title={t('Load management')}>
      <p>{because(dlm.text)}{dlm.role !== 'off' && <> <a href="#/site">{t('Site')}</a></>}</p>
      <Troubles dlm={dlm} />
      {dlm.slaves.length > 0 && (
        <div class="scroll" tabIndex={0} role="group" aria-label={t('Stations of the group')}>
          <table>
            <thead><tr><th scope="col">{t('Station')}</th><th scope="col">{t('State')}</th><th scope="col">{t('Limit')}</th><th scope="col">L1 / L2 / L3</th></tr></thead>
            <tbody>
              {dlm.slaves.map((one) => (
                <tr>
                  <th scope="row">{one.name}</th><td>{word('point', one.state)}</td><td>{amps(one.limit_ma, 0)}</td>
                  <td>{one.currents_ma.length ? one.currents_ma.map((ma) => amps(ma)).join(' / ') : '–'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  );
}

function Events() {
  const [found, problem, again] = useLoad(() => api.events());
  return (
    <Card title={t('Recent events')} wide action={<button type="button" class="button quiet" onClick={() => void again()}>{t('Load again')}</button>}>
      <Trouble text={problem} />
      {found && !found.events.length && <p class="soft">{t('Nothing has happened yet.')}</p>}
      <ul class="events" tabIndex={0} aria-label={t('Recent events')}>
        {found?.events.slice(0, 40).map((one) => (
          <li>
            <time class="soft small" dateTime={one.at}>{stamp(one.at)}</time>
            <span>{one.outlet != null && one.outlet > 0 && <strong>{where(one.outlet)}: </strong>}{told(one.text)}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
