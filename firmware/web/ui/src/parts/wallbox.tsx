// The wallbox drawn: its ring in the colours it has now, sockets, plugs, cables and cars.
import { amps, stateWord, t } from '../i18n';
import type { Look, LookOutlet, Outlet } from '../types';

const RING = { x: 200, y: 118, r: 62 };

function Ring({ led }: { led: string[] }) {
  return (
    <g>
      <circle cx={RING.x} cy={RING.y} r={RING.r + 14} class="ring-bed" />
      {led.map((colour, n) => {
        const angle = (n / led.length) * 2 * Math.PI - Math.PI / 2;
        const dark = /^#0{6}$/i.test(colour);
        const x = RING.x + RING.r * Math.cos(angle);
        const y = RING.y + RING.r * Math.sin(angle);
        return (
          <g>
            {!dark && <circle cx={x} cy={y} r="11" fill={colour} opacity="0.28" />}
            <circle cx={x} cy={y} r="5.5" fill={dark ? '#2a3038' : colour} />
          </g>
        );
      })}
      <path d={`M${RING.x + 5} ${RING.y - 24} l-22 28 h14 l-3 20 22 -28 h-14z`} class="ring-bolt" />
    </g>
  );
}

function Socket({ x, seen, chosen }: { x: number; seen: LookOutlet; chosen: boolean }) {
  const plugged = seen.pp_ohm !== null;
  const y = 268;
  const pins = [[0, -12], [-11, -4], [11, -4], [-7, 9], [7, 9], [0, 0], [0, 14]];
  return (
    <g>
      {chosen && <circle cx={x} cy={y} r="42" class="chosen" />}
      <circle cx={x} cy={y} r="34" class="socket" />
      {!plugged && pins.map(([px, py]) => <circle cx={x + px! * 1.2} cy={y + py! * 1.2} r="3.4" class="pin" />)}
      {plugged && <circle cx={x} cy={y} r="26" class="plug" />}
      {plugged && <path d={seen.locked ? 'M-6 -1v-4a6 6 0 0 1 12 0v4' : 'M-6 -1v-4a6 6 0 0 1 12 -3'} transform={`translate(${x} ${y})`} class="lock-bow" />}
      {plugged && <rect x={x - 9} y={y - 1} width="18" height="13" rx="3" class="lock-body" />}
      <text x={x} y={y + 54} class="socket-name">{seen.outlet}</text>
    </g>
  );
}

function Car({ x, seen, live }: { x: number; seen: LookOutlet; live: Outlet | undefined }) {
  if (seen.pp_ohm === null) return null;
  const car = seen.car as { connected?: boolean; state?: string } | null;
  const flowing = seen.contactor_closed && seen.currents_ma.some((ma) => ma > 0);
  const side = x < 200 ? 60 : 340;
  return (
    <g>
      <path d={`M${x} 294 C ${x} 372, ${side} 352, ${side} 420`} class={`cable${flowing ? ' flowing' : ''}`} />
      {car && car.connected !== false && (
        <g transform={`translate(${side - 56} 412)`}>
          <path d="M4 42 q0 -14 14 -16 l14 -16 q3 -4 9 -4 h32 q6 0 10 5 l11 15 q14 2 14 15 v10 q0 4 -4 4 h-96 q-4 0 -4 -4z" class="car" />
          <path d="M38 12 h15 v13 h-26z M58 12 h14 q3 0 5 3 l7 10 h-26z" class="glass" />
          <circle cx="28" cy="56" r="10" class="wheel" /><circle cx="84" cy="56" r="10" class="wheel" />
          <text x="56" y="44" class="car-text">{car.state ?? ''}</text>
        </g>
      )}
      <text x={side} y="498" class="car-amps">{flowing ? amps(Math.max(...seen.currents_ma)) : live ? stateWord(live) : ''}</text>
    </g>
  );
}

export function Wallbox({ look, outlets, chosen }: { look: Look; outlets: Outlet[]; chosen: number }) {
  const two = look.outlets.length > 1;
  const at = (n: number) => (two ? (n === 0 ? 145 : 255) : 200);
  const told = look.outlets.map((one) => {
    const live = outlets.find((other) => other.outlet === one.outlet);
    return `${t('Outlet {n}', { n: one.outlet })}: ${live ? stateWord(live) : ''}, ${one.pp_ohm === null ? t('none plugged in') : t('plugged in')}, ${t('Contactor')} ${one.contactor_closed ? t('closed') : t('open')}`;
  }).join('. ');
  return (
    <svg viewBox="0 0 400 510" class="wallbox" role="img" aria-label={told}>
      <rect x="90" y="18" width="220" height="326" rx="34" class="box" />
      <rect x="104" y="32" width="192" height="298" rx="24" class="face" />
      <Ring led={look.led} />
      {look.outlets.map((one, n) => <Socket x={at(n)} seen={one} chosen={two && one.outlet === chosen} />)}
      {look.outlets.map((one, n) => <Car x={at(n)} seen={one} live={outlets.find((other) => other.outlet === one.outlet)} />)}
    </svg>
  );
}
