// The control pilot as an oscilloscope shows it: two periods of 1 kHz, computed from what is measured.
import { useEffect, useRef } from 'preact/hooks';
import { number, t } from '../i18n';
import { useStore } from '../store';
import { theme } from '../theme';
import type { LookOutlet } from '../types';

const SPAN_MS = 3;
const TOP_MV = 14_000;
export const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Fits a canvas to its room and to the density of the screen; returns what to draw on.
export function ready(canvas: HTMLCanvasElement, height: number): [CanvasRenderingContext2D, number] {
  const width = canvas.clientWidth;
  const dense = devicePixelRatio || 1;
  canvas.width = width * dense;
  canvas.height = height * dense;
  const pen = canvas.getContext('2d')!;
  pen.scale(dense, dense);
  pen.clearRect(0, 0, width, height);
  return [pen, width];
}

export function Scope({ seen }: { seen: LookOutlet }) {
  const at = useRef<HTMLCanvasElement>(null);
  const look = useStore(theme);
  const pwm = seen.duty_permille > 0 && seen.duty_permille < 1000;
  useEffect(() => { if (at.current) draw(at.current, seen, pwm); }, [seen, look]);
  const volts = (mv: number) => `${number(mv / 1000, 1)} V`;
  const told = pwm
    ? t('{high} / {low}, 1 kHz, duty {duty} %', { high: volts(seen.cp_high_mv), low: volts(seen.cp_low_mv), duty: number(seen.duty_permille / 10, 1) })
    : t('steady {high}', { high: volts(seen.duty_permille === 0 ? seen.cp_low_mv : seen.cp_high_mv) });
  return (
    <figure class="scope">
      <canvas ref={at} role="img" aria-label={t('Control pilot: {what}', { what: told })} />
      <figcaption class="soft">{told}{pwm && seen.duty_permille >= 80 ? ` · ${t('offers {amps} A', { amps: number(offered(seen.duty_permille), 1) })}` : ''}</figcaption>
    </figure>
  );
}

// [61851-1 table A.7]
function offered(duty_permille: number): number {
  if (duty_permille <= 850) return Math.max(6, duty_permille * 0.06);
  return Math.min(80, (duty_permille - 640) * 0.25);
}

function draw(canvas: HTMLCanvasElement, seen: LookOutlet, pwm: boolean): void {
  const height = 180;
  const [pen, width] = ready(canvas, height);
  const left = 44;
  const y = (mv: number) => height / 2 - (mv / TOP_MV) * (height / 2 - 6);
  const x = (ms: number) => left + (ms / SPAN_MS) * (width - left - 6);
  pen.font = '12px system-ui';
  pen.textAlign = 'right';
  pen.textBaseline = 'middle';
  for (const volts of [12, 9, 6, 3, 0, -12]) {
    pen.strokeStyle = colour('--line');
    pen.beginPath(); pen.moveTo(left, y(volts * 1000)); pen.lineTo(width - 6, y(volts * 1000)); pen.stroke();
    pen.fillStyle = colour('--soft');
    pen.fillText(`${volts} V`, left - 6, y(volts * 1000));
  }
  pen.strokeStyle = colour('--accent');
  pen.lineWidth = 2;
  pen.lineJoin = 'round';
  pen.beginPath();
  if (!pwm) {
    const level = y(seen.duty_permille === 0 ? seen.cp_low_mv : seen.cp_high_mv);
    pen.moveTo(x(0), level); pen.lineTo(x(SPAN_MS), level);
  } else {
    for (let ms = 0; ms < SPAN_MS; ms += 1) {
      const fall = ms + seen.duty_permille / 1000;
      if (ms === 0) pen.moveTo(x(0), y(seen.cp_low_mv));
      else pen.lineTo(x(ms), y(seen.cp_low_mv));
      pen.lineTo(x(ms + 0.01), y(seen.cp_high_mv));
      pen.lineTo(x(fall), y(seen.cp_high_mv));
      pen.lineTo(x(fall + 0.01), y(seen.cp_low_mv));
    }
    pen.lineTo(x(SPAN_MS), y(seen.cp_low_mv));
  }
  pen.stroke();
}
