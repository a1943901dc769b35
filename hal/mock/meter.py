"""A simulated meter: the outlets behind it, plus a load that the bench adds.

Energy is kept in whole uW ms, so a register never goes backwards and is exact over years.
"""

from __future__ import annotations

from hal.mock.car import UW_MS_PER_WH
from hal.mock.outlet import Outlet
from hal.mock.supply import Supply
from hal.ports import HardwareSilent, MeterReading

_UW_PER_W = 1_000_000


class Meter:
    """One meter by name."""

    def __init__(self, name: str, outlets: tuple[Outlet, ...], supply: Supply) -> None:
        self.name = name
        self.silent = False
        self._outlets = outlets
        self._supply = supply
        self._extra_ma = (0, 0, 0)
        self._extra_uw_ms = 0
        self._since_ms = 0

    def load(self, extra_ma: tuple[int, int, int], now_ms: int) -> None:
        """Show this load besides the outlets from now on."""
        self.count(now_ms)
        self._extra_ma = extra_ma

    def count(self, now_ms: int) -> None:
        """Count the extra load's energy until now; due before the mains change."""
        self._extra_uw_ms += self._extra_uw * (now_ms - self._since_ms)
        self._since_ms = now_ms

    def read(self, now_ms: int) -> MeterReading:
        """Answer as the real one would; raise `HardwareSilent` when told to be silent."""
        if self.silent:
            raise HardwareSilent(f"meter {self.name}: no answer to a reading")
        extra_ma = self._extra_ma
        total = [extra_ma[0], extra_ma[1], extra_ma[2]]
        energy_uw_ms = self._extra_uw_ms + self._extra_uw * (now_ms - self._since_ms)
        power_uw = self._extra_uw
        for outlet in self._outlets:
            energy_uw_ms += outlet.energy_uw_ms(now_ms)
            power_uw += outlet.power_uw
            for phase in range(3):
                total[phase] += outlet.currents_ma[phase]
        first, second, third = (
            ma * mv // _UW_PER_W for ma, mv in zip(total, self._supply.mains_mv, strict=True)
        )
        return MeterReading(
            at_ms=now_ms,
            energy_wh=energy_uw_ms // UW_MS_PER_WH,
            power_w=power_uw // _UW_PER_W,
            currents_ma=(total[0], total[1], total[2]),
            voltages_mv=self._supply.mains_mv,
            powers_w=(first, second, third),
        )

    @property
    def _extra_uw(self) -> int:
        pairs = zip(self._extra_ma, self._supply.mains_mv, strict=True)
        return sum(ma * mv for ma, mv in pairs)
