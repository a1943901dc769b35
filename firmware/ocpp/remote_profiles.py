"""Profiles that come with a remote start: they wait for the outlet that its token finds.

Forgotten when the start is refused, finds no plug in time, or begins as somebody else's.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from firmware.model import backend as b
from firmware.model import session as s
from firmware.model.machine import NEVER_MS
from firmware.model.values import token_key
from firmware.ocpp.charging_profile import BadProfile, Profile, read_profile

COMING_MS = 600_000  # a start that is neither accepted nor refused by then is none
COMING_MAX = 8


@dataclass(frozen=True, slots=True)
class Coming:
    """A profile whose token has found no outlet yet."""

    call: str
    token: str
    outlet: int | None
    profile: Profile
    until_ms: int

    def meant(self, token: str, outlet: int | None = None) -> bool:
        """Tell whether this token, on this outlet, is the one that was started."""
        here = None in (self.outlet, outlet) or self.outlet == outlet
        return here and token_key(self.token) == token_key(token)


@dataclass(slots=True)
class RemoteProfiles:
    """Remote starts under way, and the outlets that some of them have found."""

    coming: list[Coming] = field(default_factory=list)
    expected: dict[int, Profile] = field(default_factory=dict)

    def take(self, fact: object, now_ms: int) -> None:
        """Follow a start until its transaction begins or never will."""
        match fact:
            case b.RemoteStartRequested(_, _, _, payload) if payload is not None:
                self._comes(fact, now_ms)
            case b.Answer(call, status) if status != "Accepted":
                self.coming = [one for one in self.coming if one.call != call]
            case s.TokenRefused(token):
                self.coming = [one for one in self.coming if not one.meant(token)]
            case s.TokenWaits(token, until_ms):
                self.coming = [
                    replace(one, until_ms=until_ms) if one.meant(token) else one
                    for one in self.coming
                ]
            case s.TokenAccepted(outlet, token, source):
                self._accepted(outlet, token, remote=source is s.StartSource.REMOTE)
            case s.AuthorityExpired(outlet):
                self.expected.pop(outlet, None)
            case s.SessionShown(outlet, s.SessionPhase.IDLE | s.SessionPhase.PLUGGED):
                self.expected.pop(outlet, None)
        self.coming = [one for one in self.coming if now_ms < one.until_ms]

    def deadline_ms(self) -> int:
        """When the oldest start is too old."""
        return min((one.until_ms for one in self.coming), default=NEVER_MS)

    def _comes(self, asked: b.RemoteStartRequested, now_ms: int) -> None:
        assert asked.profile is not None
        try:
            profile = read_profile(asked.profile)
        except BadProfile:  # the protocol has refused it before
            return
        rest = [one for one in self.coming if one.call != asked.call][1 - COMING_MAX :]
        until_ms = now_ms + COMING_MS
        self.coming = [*rest, Coming(asked.call, asked.token, asked.outlet, profile, until_ms)]

    def _accepted(self, outlet: int, token: str, *, remote: bool) -> None:
        self.expected.pop(outlet, None)
        for one in self.coming if remote else ():
            if one.meant(token, outlet):
                self.coming.remove(one)
                self.expected[outlet] = one.profile
                return
