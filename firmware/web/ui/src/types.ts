// What the station answers, as the contract of `/api/v1` says.
export type Role = 'user' | 'operator' | 'installer' | 'manufacturer';
export const ROLES: Role[] = ['user', 'operator', 'installer', 'manufacturer'];

export interface Problem { message: string; key?: string | null }

export interface Session {
  signed_in: boolean;
  user?: string;
  role?: Role;
  csrf?: string;
  must_change?: boolean;
  language: string;
  local: boolean;
  idle_s?: number;
}

export interface Fault {
  id: string; outlet: number; text: string; since: string; ended: string | null;
  times: number; stops: boolean; advice: string; clears: string;
}

export interface Outlet {
  outlet: number; phase: string; status: string; error: string; cp: string | null;
  cable_ma: number | null; contactor_closed: boolean; limit_ma: number; offered_ma: number;
  limit_source: string; token: string | null; transaction_id: number | null;
  energy_wh: number | null; power_w: number | null; currents_ma: number[] | null;
  faults: string[]; why: string; closings: number; advice: string; locked: boolean;
}

export interface Slave { name: string; state: string; limit_ma: number; currents_ma: number[] }

export interface Dlm {
  role: string; unit: string; text: string; problem: string; warnings: string[]; slaves: Slave[];
}
// Currents are those of L1, L2 and L3.
export interface SiteFuse {
  fuse: string; parent: string | null; limit_ma: number[]; given_ma: number[]; in_force_ma: number[];
}
export interface SitePoint {
  point: string; name: string; fuse: string; phases: string[]; state: string; wants_ma: number;
  limit_ma: number; drawn_ma: number[]; waits_s: number | null; why: string;
}
export interface SiteMoment {
  at: string | null; ago_s: number; given_ma: number[]; in_force_ma: number[]; drawn_ma: number[]; waiting: number;
}
export interface Site extends Dlm {
  available: string; fuses: SiteFuse[]; points: SitePoint[]; history: SiteMoment[];
}
export interface Pairing {
  code: string; ends_in_s: number | null; text: string; paired: boolean; told: number;
  masters: { master: string; network: number; host: string; port: number }[];
}

export interface Update {
  update: {
    running: string; stage: string; by: string; name: string; received: number; bytes: number;
    version: string; signer: string; problem: string;
  };
}

export interface Status {
  station: {
    name: string; firmware: string; board: string; simulated: boolean; utc: string; zone: string;
    restart_needed_for: string[]; running_transactions: number; bench: boolean;
  };
  outlets: Outlet[];
  backend: { connected: boolean; state: string; why: string; heartbeat_in_s: number | null; queued: number; name: string };
  modem: { fitted: boolean; text: string };
  dlm: Dlm;
  faults: Fault[];
  last_card: { uid: string; verdict: string; text: string; at: string } | null;
  learning: { on: boolean; learned: string[]; ends_in_s: number | null };
}

export interface SampleOutlet {
  outlet: number; limit_ma: number | null; offered_ma: number | null;
  currents_ma: number[] | null; power_w: number | null;
}
export interface Sample { t_s: number; outlets: SampleOutlet[] }

export interface Limit {
  source: string; limit_ma: number; reason: string; binding: boolean; expires_in_s: number | null;
}
export interface OutletLimits { outlet: number; limit_ma: number; wanted: boolean; limits: Limit[] }

export interface Transaction {
  key: string | number; outlet: number; token: string; began: string; ended: string | null;
  energy_wh: number | null; stop_reason: string | null; transaction_id: number | null; delivered: boolean;
}
export interface StationEvent { at: string; what: string; outlet: number | null; text: string }

export interface Diagnosis {
  backend: {
    sentence: string;
    steps: { step: string; label: string; state: string; text: string }[];
    settings: { key: string; value: string; remark: string }[];
  };
  hints: { id: string; symptom: string; causes: string[] }[];
}

export type Kind = 'flag' | 'whole' | 'choice' | 'text' | 'secret' | 'password' | 'amps3' | 'list' | 'schedule';

export interface Param {
  key: string; id: string; label: string; menu: string; group: string; kind: Kind; unit: string;
  low: number | null; high: number | null; also: number[]; choices: string[];
  max_length: number | null; default: string; role: Role; writable: boolean;
  effect: 'immediate' | 'next session' | 'restart'; restarts: string | null; ocpp: string | null;
  manual: string; help: string; allowed: string; value: string; is_set: boolean; acts: boolean;
  shown_if: { key: string; is: string[] } | null; separator?: string | null;
}
export type Changes = Record<string, string>;
export interface Diff { key: string; from: string; to: string }
export interface Check {
  ok: boolean; errors: Problem[]; warnings: string[]; diff: Diff[]; restart: string[];
}
export interface Saved { saved: string[]; restart_needed_for: string[]; revision: number; warnings: string[] }
export interface HistoryEntry {
  number: number; at: string; who: string; by: string; values: Diff[]; undoable: boolean;
}
export interface Preset { name: string; changes: Changes; remark: string }
export interface Whitelist {
  local: string[]; ocpp: { token: string; verdict: string; expires: string | null }[]; enabled: boolean;
}
export interface CommissioningStep {
  part: string; outlet: number; state: string; do: string; seen: string;
}
export interface Commissioning { on: boolean; steps: CommissioningStep[] }

export interface LookOutlet {
  outlet: number; cp_high_mv: number; cp_low_mv: number; duty_permille: number;
  frequency_mhz: number; contactor_closed: boolean; locked: boolean; currents_ma: number[];
  energy_wh: number; car: Record<string, unknown> | null; pp_ohm: number | null;
}
export interface Look { outlets: LookOutlet[]; led: string[]; ready_led?: string | boolean; at_ms: number }
