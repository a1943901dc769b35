"""Two masters with one network id: only one of them distributes. [B-DLM-05]

A master listens before it begins. Whoever finds another one at work does not begin; where two
begin at the same time, or meet after a cut cable, the one with the lower epoch, then the one with
the later name, gives way. Beacons are believed to the safe side only: they can keep a master
from giving current, never make it give any.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware.model.dlm import FoundMaster
from firmware.model.machine import NEVER_MS

LISTEN_MS = 5_000  # multicast DNS answers within 3


@dataclass(slots=True)
class Rivals:
    """What is known of other masters; `rules` while this one distributes."""

    name: str
    network: int
    others: tuple[FoundMaster, ...] = ()
    highest: int = 0  # epoch of all that were ever seen
    listen_until_ms: int = NEVER_MS
    listened: bool = False
    rules: bool = False

    def listen(self, now_ms: int) -> None:
        """Begin to listen."""
        self.listen_until_ms = now_ms + LISTEN_MS

    def seen(self, masters: tuple[FoundMaster, ...]) -> None:
        """Take who is there now."""
        near = (one for one in masters if one.network == self.network and not one.ours)
        self.others = tuple(one for one in near if one.master != self.name)
        self.highest = max(self.highest, *(one.epoch for one in self.others), 0)

    @property
    def deadline_ms(self) -> int:
        """When it has listened long enough."""
        return NEVER_MS if self.listened else self.listen_until_ms

    def may_rule(self, epoch: int, now_ms: int) -> bool:
        """Tell whether this master may distribute, whose epoch this is or was."""
        self.listened = self.listened or now_ms >= self.listen_until_ms
        if self.rules:
            mine = (epoch, self.name)
            self.rules = not any((one.epoch, one.master) > mine for one in self.others)
        else:
            self.rules = self.listened and self._free()
        return self.rules

    def _free(self) -> bool:
        return not any(one.epoch or one.master < self.name for one in self.others)

    def problem(self) -> str:
        """Say what is wrong; empty while all is well."""
        if not self.others:
            return ""
        names = ", ".join(one.master for one in self.others)
        told = "this one goes on" if self.rules else "this one does not distribute"
        return (
            f"another master with the same network id is in the LAN ({names}); {told}: "
            "give one of them another network id, or make it a slave"
        )
