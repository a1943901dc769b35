// Currents over time: of an outlet in the last fifteen minutes, or what a page gives.
import { useEffect, useMemo, useRef } from 'preact/hooks';
import UPlot from 'uplot';
import { amps, clock, language, t } from '../i18n';
import { points, status, type Point } from '../live';
import { useStore } from '../store';
import { theme } from '../theme';

const HEIGHT = 190;
const SPAN_S = 15 * 60;
export type Table = [number[], ...(number | null)[][]]; // seconds of UTC, then ampere of each line
export interface Line { label: string; colour: string; stepped?: boolean; dashed?: boolean }

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

function options(width: number, zone: string, lines: Line[], span_s: () => number): UPlot.Options {
  const line = (one: Line): UPlot.Series => ({
    label: one.label, stroke: colour(one.colour), width: 2, points: { show: false },
    ...(one.dashed && { dash: [6, 4] }), ...(one.stepped && { paths: UPlot.paths.stepped!({ align: 1 }) }),
    value: (_plot, value) => (value == null ? '–' : amps(value * 1000)),
  });
  const axis = { stroke: colour('--soft'), grid: { stroke: colour('--line'), width: 1 }, ticks: { stroke: colour('--line'), width: 1 }, font: '12px system-ui' };
  return {
    width, height: HEIGHT, cursor: { y: false, points: { size: 6 } }, padding: [10, 20, 0, 0],
    legend: { live: true },
    hooks: { setCursor: [showLast], setData: [showLast], ready: [showLast] },
    scales: { x: { time: true, range: (_plot, _low, high) => [high - span_s(), high] }, y: { range: (_plot, _low, high) => [0, Math.max(10, Math.ceil((high || 0) * 1.15))] } },
    tzDate: (at) => { try { return UPlot.tzDate(new Date(at * 1000), zone); } catch { return new Date(at * 1000); } },
    axes: [
      { ...axis, values: (_plot, values) => values.map((at) => clock(at * 1000).replace(/:\d\d( |$)/, '$1')), space: 70, size: 30, incrs: [60, 120, 300, 600, 1800, 3600] },
      { ...axis, size: 44, values: (_plot, values) => values.map((value) => `${value} A`) },
    ],
    series: [
      { value: (_plot, at) => (at == null ? '–' : clock(at * 1000)), label: t('Time') },
      ...lines.map(line),
    ],
  };
}

export function Plot({ table, lines, span_s, about }: { table: Table; lines: Line[]; span_s: number; about: string }) {
  const at = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | null>(null);
  const span = useRef(span_s);
  span.current = span_s;
  const words = useStore(language);
  const look = useStore(theme);
  const zone = status.get()?.station.zone ?? 'UTC';
  const drawn = JSON.stringify(lines);
  useEffect(() => {
    const room = at.current!;
    plot.current = new UPlot(options(room.clientWidth, zone, lines, () => span.current), table as UPlot.AlignedData, room);
    const sizes = new ResizeObserver(() => plot.current?.setSize({ width: room.clientWidth, height: HEIGHT }));
    sizes.observe(room);
    return () => { sizes.disconnect(); plot.current?.destroy(); };
  }, [drawn, words, look, zone]);
  useEffect(() => {
    if (!document.hidden) plot.current?.setData(table as UPlot.AlignedData);
  }, [table]);
  return <figure class="chart"><div ref={at} role="img" aria-label={about} /></figure>;
}

export function Chart({ outlet }: { outlet: number }) {
  const held = useStore(points);
  const rows = useMemo(() => table(held, outlet), [held, outlet]);
  const last = held[held.length - 1]?.outlets.find((one) => one.outlet === outlet);
  const lines: Line[] = [
    { label: t('Limit'), colour: '--limit', stepped: true, dashed: true },
    { label: 'L1', colour: '--l1' }, { label: 'L2', colour: '--l2' }, { label: 'L3', colour: '--l3' },
  ];
  return <Plot table={rows} lines={lines} span_s={SPAN_S} about={t('Currents of outlet {n} in the last 15 minutes; now {now}, limit {limit}', {
    n: outlet, now: last?.currents_ma ? last.currents_ma.map((ma) => amps(ma)).join(', ') : '–', limit: amps(last?.limit_ma, 0),
  })} />;
}
