"""What feeds the outlets: mains voltages, breakers by their auxiliary contacts, the coil path."""

from __future__ import annotations


class Supply:
    """Shared by all outlets of a world; voltages in mV, L1 to L3 in grid order."""

    def __init__(self, inputs: tuple[str, ...], rcmb_in_coil_path: bool) -> None:
        self.mains_mv = (230_000, 230_000, 230_000)
        self.inputs = dict.fromkeys(inputs, False)
        self.rcmb_in_coil_path = rcmb_in_coil_path

    def breakers_tripped(self, outlet: int) -> tuple[bool, bool]:
        """Return whether the MCB and the RCD of an outlet have tripped."""
        inputs = self.inputs
        return inputs.get(f"mcb_{outlet}", False), inputs.get(f"rcd_{outlet}", False)

    def behind_breakers_mv(self, outlet: int) -> tuple[int, int, int]:
        """Return the voltages that reach the contactor: none behind a tripped breaker."""
        return (0, 0, 0) if any(self.breakers_tripped(outlet)) else self.mains_mv
