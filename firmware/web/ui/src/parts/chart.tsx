// The last fifteen minutes of an outlet: the currents of the three phases against the limit.
import { useEffect, useRef } from 'preact/hooks';
import UPlot from 'uplot';
import { amps, clock, language, t } from '../i18n';
import { points, status, type Point } from '../live';
import { useStore } from '../store';
import { theme } from '../theme';

const HEIGHT = 190;
const SPAN_S = 15 * 60;
type Table = [number[], ...(number | null)[][]];

function table(held: Point[], outlet: number): Table {
  const rows = held.map((point) => ({ at: point.t_s, one: point.outlets.find((o) => o.outlet === outlet) }));
  const amp = (ma: number | null | undefined) => (ma == null ? null : ma / 1000);
  return [
    rows.map((row) => row.at),
    rows.map((row) => amp(row.one?.limit_ma)),
    ...[0, 1, 2].map((n) => rows.map((row) => amp(row.one?.currents_ma?.[n]))),
  ];
}

const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Without a pointer the legend tells the newest values.
function showLast(plot: UPlot): void {
  if (plot.cursor.idx == null && plot.data[0].length) plot.setLegend({ idx: plot.data[0].length - 1 });
}

function options(width: number, zone: string): UPlot.Options {
  const line = (label: string, name: string, dash?: number[]): UPlot.Series => ({
    label, stroke: colour(name), width: 2, dash, points: { show: false },
    value: (_plot, value) => (value == null ? '–' : amps(value * 1000)),
  });
  const axis = { stroke: colour('--soft'), grid: { stroke: colour('--line'), width: 1 }, ticks: { stroke: colour('--line'), width: 1 }, font: '12px system-ui' };
  return {
    width, height: HEIGHT, cursor: { y: false, points: { size: 6 } }, padding: [10, 20, 0, 0],
    legend: { live: true },
    hooks: { setCursor: [showLast], setData: [showLast], ready: [showLast] },
    scales: { x: { time: true, range: (_plot, _low, high) => [high - SPAN_S, high] }, y: { range: (_plot, _low, high) => [0, Math.max(10, Math.ceil((high || 0) * 1.15))] } },
    tzDate: (at) => { try { return UPlot.tzDate(new Date(at * 1000), zone); } catch { return new Date(at * 1000); } },
    axes: [
      { ...axis, values: (_plot, values) => values.map((at) => clock(at * 1000).replace(/:\d\d( |$)/, '$1')), space: 70, size: 30, incrs: [60, 120, 300, 600] },
      { ...axis, size: 44, values: (_plot, values) => values.map((value) => `${value} A`) },
    ],
    series: [
      { value: (_plot, at) => (at == null ? '–' : clock(at * 1000)), label: t('Time') },
      { ...line(t('Limit'), '--limit', [6, 4]), paths: UPlot.paths.stepped!({ align: 1 }) },
      line('L1', '--l1'), line('L2', '--l2'), line('L3', '--l3'),
    ],
  };
}

export function Chart({ outlet }: { outlet: number }) {
  const at = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | null>(null);
  const held = useStore(points);
  const words = useStore(language);
  const look = useStore(theme);
  const zone = status.get()?.station.zone ?? 'UTC';
  useEffect(() => {
    const room = at.current!;
    plot.current = new UPlot(options(room.clientWidth, zone), table(points.get(), outlet) as UPlot.AlignedData, room);
    const sizes = new ResizeObserver(() => plot.current?.setSize({ width: room.clientWidth, height: HEIGHT }));
    sizes.observe(room);
    return () => { sizes.disconnect(); plot.current?.destroy(); };
  }, [outlet, words, look, zone]);
  useEffect(() => {
    if (!document.hidden) plot.current?.setData(table(held, outlet) as UPlot.AlignedData);
  }, [held]);
  const last = held[held.length - 1]?.outlets.find((one) => one.outlet === outlet);
  return (
    <figure class="chart">
      <div ref={at} role="img" aria-label={t('Currents of outlet {n} in the last 15 minutes; now {now}, limit {limit}', {
        n: outlet, now: last?.currents_ma ? last.currents_ma.map((ma) => amps(ma)).join(', ') : '–', limit: amps(last?.limit_ma, 0),
      })} />
    </figure>
  );
}
