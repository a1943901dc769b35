// The site: who shares the current of this house, who waits and why; and who joins.
import { api } from '../api';
import { plural, t } from '../i18n';
import { because } from '../sentences';
import { atLeast } from '../session';
import type { Site } from '../types';
import { Card, Trouble, useEvery, useLoad } from '../parts/basics';
import { Forget, MASTERS } from '../parts/forget';
import { Join, LetJoin } from '../parts/joining';
import { Fuses, Points, Troubles } from '../parts/site';
import { SiteChart } from '../parts/site_chart';

const AGAIN_MS = 5000;

export function SitePage() {
  const [site, problem, again] = useLoad(() => api.site());
  useEvery(again, AGAIN_MS);
  if (!site) return problem ? <Trouble text={problem} /> : <p role="status">{t('Loading …')}</p>;
  const master = MASTERS.includes(site.role);
  return (
    <>
      <Trouble text={problem} />
      <div class="cards">
        <Role site={site} master={master} />
        {site.role !== 'off' && atLeast('installer') && (master ? <LetJoin /> : <Join />)}
      </div>
      {master && <Shared site={site} />}
    </>
  );
}

function Role({ site, master }: { site: Site; master: boolean }) {
  return (
    <Card title={t('This station')}>
      <p class="sentence">{because(site.text)}</p>
      {site.role === 'off' && <p>{t('Several stations behind one fuse can share its current: one is the master, the others are slaves.')}</p>}
      {site.role !== 'off' && <p class="soft">{t('Its name in the site: {name}', { name: site.unit })}</p>}
      <Troubles dlm={site} />
      {atLeast('operator') && <p><a href="#/load_management/dlm?p=dlm_mode">{t('Settings of load management')}</a></p>}
      {site.role !== 'off' && !atLeast('installer') && <p class="soft small">{t('Stations are joined by who signs in as installer.')}</p>}
      {master && atLeast('operator') && <Forget />}
    </Card>
  );
}

function Shared({ site }: { site: Site }) {
  const waiting = site.points.filter((one) => one.waits_s != null).length;
  return (
    <>
      <Card wide title={t('Fuses')}>
        {site.available && <p class="sentence">{because(site.available)}</p>}
        {site.fuses.length
          ? <div class="scroll" tabIndex={0} role="group" aria-label={t('Fuses')}><Fuses fuses={site.fuses} /></div>
          : <p class="soft">{t('Nothing is shared out yet: a master listens for others before it begins.')}</p>}
        <p class="soft small">{t('In force: the most that the outlets may draw now. Available: what may be shared out now. Limit: what the fuse carries.')}</p>
      </Card>
      <Card wide title={`${t('Outlets')}${waiting ? ` · ${plural(waiting, '{n} waits', '{n} wait')}` : ''}`}>
        {site.points.length > 0 && <Points points={site.points} tree={site.fuses.length > 1} />}
        {!site.points.length && <p class="soft">{t('No outlet is known yet.')}</p>}
      </Card>
      <SiteChart history={site.history} />
    </>
  );
}
