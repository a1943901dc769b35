"""What registers hold where a meter measures something: the way back of `hal.registers`."""

import struct

FORMATS = {
    "u16": "H", "s16": "h", "u32": "I", "s32": "i", "f32": "f", "u64": "Q", "s64": "q", "f64": "d",
}  # fmt: skip
OURS = {"voltage": 1_000, "current": 1_000, "power": 1, "energy": 1}  # of V, A, W and Wh


def words_of(registers, name, number):
    """Return the registers (by address) in which a quantity is so many V, A, W or Wh."""
    value = registers.values[name]
    raw = number * OURS[name.split("_")[0]] / value.factor
    whole = value.coding[0] != "f"
    data = struct.pack(">" + FORMATS[value.coding], round(raw) if whole else raw)
    words = struct.unpack(f">{len(data) // 2}H", data)
    words = words[::-1] if registers.low_word_first else words
    return {value.register + i: word for i, word in enumerate(words)}


def measured(registers, volts, amps, energy_wh):
    """Return each quantity of a map where each phase has so many V and A; below 0 is export."""
    powers_w = [v * a for v, a in zip(volts, amps, strict=True)]
    phases = range(registers.phases)
    told = {f"voltage_l{n + 1}": volts[n] for n in phases}
    told |= {f"current_l{n + 1}": abs(amps[n]) for n in phases}
    told |= {f"power_l{n + 1}": powers_w[n] for n in phases}
    told |= {"power": sum(powers_w[n] for n in phases), "energy": energy_wh}
    return {name: number for name, number in told.items() if name in registers.values}
