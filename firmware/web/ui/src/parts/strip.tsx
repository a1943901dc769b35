// A strip of the last 20 seconds: the contactor as a band, the offer as a line, the current filled.
import { useEffect, useRef } from 'preact/hooks';
import { amps, t } from '../i18n';
import { useStore } from '../store';
import { theme } from '../theme';
import { colour, ready } from './scope';

export interface StripPoint {
  at_ms: number;
  outlets: { outlet: number; closed: boolean; limit_ma: number; drawn_ma: number }[];
}
const SPAN_MS = 20_000;

export function Strip({ points, outlet }: { points: StripPoint[]; outlet: number }) {
  const at = useRef<HTMLCanvasElement>(null);
  const look = useStore(theme);
  useEffect(() => { if (at.current) draw(at.current, points, outlet); }, [points, outlet, look]);
  const now = points[points.length - 1]?.outlets.find((one) => one.outlet === outlet);
  const told = now
    ? `${t('Contactor')} ${now.closed ? t('closed') : t('open')} · ${t('offer')} ${amps(now.limit_ma, 0)} · ${t('drawn')} ${amps(now.drawn_ma)}`
    : '';
  return (
    <figure class="scope">
      <canvas ref={at} role="img" aria-label={told} />
      <figcaption class="soft">{told}</figcaption>
    </figure>
  );
}

function draw(canvas: HTMLCanvasElement, points: StripPoint[], outlet: number): void {
  const height = 180;
  const [pen, width] = ready(canvas, height);
  const rows = points.map((point) => ({ at_ms: point.at_ms, ...point.outlets.find((one) => one.outlet === outlet)! }));
  const end = rows[rows.length - 1]?.at_ms ?? 0;
  const left = 44;
  const floor = height - 34;
  const top = Math.max(10_000, ...rows.map((row) => Math.max(row.limit_ma, row.drawn_ma))) * 1.15;
  const x = (ms: number) => Math.round(left + (1 - (end - ms) / SPAN_MS) * (width - left - 6)); // no seams
  const y = (ma: number) => floor - (ma / top) * (floor - 8);
  pen.font = '12px system-ui';
  pen.textAlign = 'right';
  pen.textBaseline = 'middle';
  for (let amp = 0; amp * 1000 <= top; amp += top > 40_000 ? 20 : top > 20_000 ? 10 : 5) {
    pen.strokeStyle = colour('--line');
    pen.beginPath(); pen.moveTo(left, y(amp * 1000)); pen.lineTo(width - 6, y(amp * 1000)); pen.stroke();
    pen.fillStyle = colour('--soft');
    pen.fillText(`${amp} A`, left - 6, y(amp * 1000));
  }
  rows.forEach((row, n) => {
    const until = rows[n + 1]?.at_ms ?? end;
    pen.fillStyle = row.closed ? colour('--good') : colour('--line');
    pen.fillRect(x(row.at_ms), height - 20, x(until) - x(row.at_ms), 12);
    pen.fillStyle = colour('--l1');
    pen.globalAlpha = 0.35;
    pen.fillRect(x(row.at_ms), y(row.drawn_ma), x(until) - x(row.at_ms), floor - y(row.drawn_ma));
    pen.globalAlpha = 1;
  });
  pen.strokeStyle = colour('--limit');
  pen.lineWidth = 2;
  pen.beginPath();
  rows.forEach((row, n) => {
    if (n === 0) pen.moveTo(x(row.at_ms), y(row.limit_ma));
    else { pen.lineTo(x(row.at_ms), y(rows[n - 1]!.limit_ma)); pen.lineTo(x(row.at_ms), y(row.limit_ma)); }
  });
  pen.stroke();
}
