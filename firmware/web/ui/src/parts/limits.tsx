// Every limit that holds now, least first, and which of them binds.
import { api } from '../api';
import { amps, t, word } from '../i18n';
import { because } from '../sentences';
import { Badge, Card, Trouble, useEvery, useLoad } from './basics';

const AGAIN_MS = 5000;

export function Limits() {
  const [found, problem, again] = useLoad(() => api.limits());
  useEvery(again, AGAIN_MS);
  return (
    <Card title={t('Limits and their reasons')}>
      <Trouble text={problem} />
      {found?.outlets.map((one) => (
        <div class="limits">
          <h3>{t('Outlet {n}', { n: one.outlet })} · {amps(one.limit_ma, 0)}</h3>
          <ul>
            {one.limits.map((limit) => (
              <li class={limit.binding ? 'binding' : ''}>
                <strong>{amps(limit.limit_ma, 0)}</strong>
                <span>{word('source', limit.source)} {limit.binding && <Badge tone="warn">{t('binds')}</Badge>}
                  <span class="soft small block">{because(limit.reason)}{limit.expires_in_s != null && ` · ${t('for {n} s more', { n: limit.expires_in_s })}`}</span>
                </span>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </Card>
  );
}
