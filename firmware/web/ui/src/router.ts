// Hash routing: `#/load_management/dlm?p=dlm_mode` is the page, a group of it, a field of it.
import { store } from './store';

export interface Route { page: string; group: string; field: string }

function read(): Route {
  const [path = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const [page = '', group = ''] = path.split('/');
  const field = new URLSearchParams(query).get('p') ?? '';
  return { page: page || 'dashboard', group, field };
}

export const route = store<Route>(read());
addEventListener('hashchange', () => route.set(read()));

export const slug = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '');

export function go(page: string, field = ''): void {
  location.hash = `#/${page}${field ? `?p=${field}` : ''}`;
}
