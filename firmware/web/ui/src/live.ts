// The state of the station as it comes by Server-Sent Events, with an honest word when it does not.
import { api, url } from './api';
import { setZone } from './i18n';
import { session } from './session';
import { store } from './store';
import type { SampleOutlet, Status } from './types';

export const status = store<Status | null>(null);
export const lost = store<Date | null>(null); // since when the last state shown is old
const SILENT_MS = 20_000;
const KEEP_S = 15 * 60;

export interface Point { t_s: number; outlets: SampleOutlet[] }
export const points = store<Point[]>([]);

let source: EventSource | null = null;
let heard = new Date();
let again: number | undefined;
let watch: number | undefined;

function take(found: Status): void {
  heard = new Date();
  lost.set(null);
  setZone(found.station.zone);
  status.set(found);
  const t_s = Math.floor(new Date(found.station.utc).getTime() / 1000);
  const held = points.get();
  const last = held[held.length - 1];
  if (last && t_s - last.t_s < 2) return;
  points.set([...held.filter((point) => t_s - point.t_s <= KEEP_S && point.t_s < t_s), { t_s, outlets: found.outlets }]);
}

async function retry(): Promise<void> {
  lost.set(heard);
  source?.close();
  source = null;
  clearTimeout(again);
  again = window.setTimeout(async () => {
    try { take(await api.status()); } catch { /* tried again below */ }
    if (session.get()?.signed_in) listen();
  }, 2000);
}

function listen(): void {
  source?.close();
  source = new EventSource(url('/live'));
  source.addEventListener('status', (event) => take(JSON.parse((event as MessageEvent<string>).data) as Status));
  source.onerror = () => void retry();
}

export async function connect(): Promise<void> {
  try { take(await api.status()); } catch { /* the stream will tell */ }
  try {
    const found = await api.samples();
    points.set(found.samples.map((sample) => ({ t_s: sample.t_s, outlets: sample.outlets })));
  } catch { /* the chart begins empty */ }
  listen();
  clearInterval(watch);
  watch = window.setInterval(() => {
    if (source && Date.now() - heard.getTime() > SILENT_MS) void retry();
  }, 2000);
}

export function disconnect(): void {
  source?.close();
  source = null;
  clearTimeout(again);
  clearInterval(watch);
  status.set(null);
  points.set([]);
  lost.set(null);
}
