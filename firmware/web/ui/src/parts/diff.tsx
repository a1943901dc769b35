// What a save, an import or an undo would change: from and to, in words.
import { param } from '../edits';
import { label, t } from '../i18n';
import type { Diff } from '../types';
import { display } from './field';

export function DiffTable({ diff, caption }: { diff: Diff[]; caption?: string }) {
  if (!diff.length) return <p class="soft">{t('Nothing would change.')}</p>;
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label={caption ?? t('Changes')}>
      <table>
        <caption class="sr">{caption ?? t('Changes')}</caption>
        <thead><tr><th scope="col">{t('Setting')}</th><th scope="col">{t('from')}</th><th scope="col">{t('to')}</th></tr></thead>
        <tbody>
          {diff.map((one) => {
            const found = param(one.key);
            return (
              <tr>
                <th scope="row">{found ? label(found) : one.key}</th>
                <td><del>{found ? display(found, one.from) : one.from}</del></td>
                <td><ins>{found ? display(found, one.to) : one.to}</ins></td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
