// Which page stands at which address, who may open it, and in what order the menu shows them.
import type { ComponentType } from 'preact';
import { param, valueOf } from '../edits';
import { t } from '../i18n';
import { atLeast } from '../session';
import { status } from '../live';
import { Bench } from './bench';
import { Commissioning } from './commissioning';
import { Dashboard } from './dashboard';
import { AuthorizationPage, BackendPage, InstallationPage, LoadPage, ManufacturerPage, NetworkPage } from './settings';
import { SitePage } from './site';
import { SystemPage } from './system';
import { Whitelists } from './whitelists';

export interface Page { name: string; title: () => string; View: ComponentType; open: () => boolean; menu: string | null }

function whitelistOn(): boolean {
  const flag = param('local_whitelist_enabled');
  return !flag || flag.value === 'on' || valueOf(flag) === 'on';
}

export const PAGES: Page[] = [
  { name: 'dashboard', title: () => t('Dashboard'), View: Dashboard, open: () => true, menu: null },
  { name: 'network', title: () => t('Network'), View: NetworkPage, open: () => atLeast('operator'), menu: 'network' },
  { name: 'backend', title: () => t('Back end'), View: BackendPage, open: () => atLeast('operator'), menu: 'backend' },
  { name: 'authorization', title: () => t('Authorization'), View: AuthorizationPage, open: () => atLeast('operator'), menu: 'authorization' },
  { name: 'whitelists', title: () => t('Whitelists'), View: Whitelists, open: () => atLeast('operator') && whitelistOn(), menu: null },
  { name: 'load_management', title: () => t('Load management'), View: LoadPage, open: () => atLeast('operator'), menu: 'load_management' },
  { name: 'site', title: () => t('Site'), View: SitePage, open: () => true, menu: null },
  { name: 'installation', title: () => t('Installation'), View: InstallationPage, open: () => atLeast('operator'), menu: 'installation' },
  { name: 'system', title: () => t('System'), View: SystemPage, open: () => atLeast('user'), menu: null },
  { name: 'manufacturer', title: () => t('Manufacturer'), View: ManufacturerPage, open: () => atLeast('manufacturer'), menu: 'manufacturer' },
  { name: 'commissioning', title: () => t('Commissioning'), View: Commissioning, open: () => atLeast('installer'), menu: null },
  { name: 'bench', title: () => t('Virtual bench'), View: Bench, open: () => atLeast('operator') && Boolean(status.get()?.station.bench), menu: null },
];

export function pageFor(name: string): Page {
  const found = PAGES.find((page) => page.name === name);
  return found && (found.open() || found.name === 'bench') ? found : PAGES[0]!;
}
