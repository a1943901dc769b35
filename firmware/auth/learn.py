"""Learn mode: each card presented is put on the local whitelist, and starts nothing. [B-RFD-04]

So is the address of a car that names itself. It ends by itself 120 s after the last of them,
and by a master card. [B-RFD-07, B-RFD-08, A-17]
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from firmware.auth.lists import on_local_list
from firmware.auth.master import MASTER_FLAG
from firmware.model.machine import NEVER_MS
from firmware.model.people import LearnAsked, LearningChanged
from firmware.model.security import ChangeSettings
from firmware.model.session import CardSeen, CarIdentified
from firmware.model.settings import Settings, SettingsChanged
from firmware.model.tokens import unfit, written, written_address

LEARN_MS = 120_000
ENTRIES = "local_whitelist_entries"


@dataclass(slots=True)
class LearnState:
    """Plain data; `learned` are the tokens of this opening of learn mode."""

    until_ms: int = NEVER_MS
    learned: tuple[str, ...] = ()

    @property
    def on(self) -> bool:
        """Learn mode is open."""
        return self.until_ms < NEVER_MS


class LearnCore:
    """The machine of learn mode."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.state = LearnState()

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take one fact."""
        s = self.state
        match fact:
            case LearnAsked(on=True) if not s.on:
                self.state = LearnState(now_ms + LEARN_MS)
                return [self._told()]
            case LearnAsked(on=False) if s.on:
                return self._end()
            case CardSeen(uid=uid) if s.on and now_ms < s.until_ms:
                if unfit(fact, self.settings) is not None:
                    return []  # it would stand on the list and never be accepted
                return self._learn(written(uid, self._letter_case), now_ms)
            case CarIdentified(_, address) if s.on and now_ms < s.until_ms:
                return self._learn(written_address(address, self._letter_case), now_ms)
            case SettingsChanged(settings):
                self.settings = settings
            case _:
                pass
        return self._end() if now_ms >= s.until_ms else []

    def deadline_ms(self) -> int:
        """When learn mode ends by itself."""
        return self.state.until_ms

    @property
    def _letter_case(self) -> str:
        return self.settings.text("rfid_letter_case")

    def _learn(self, token: str, now_ms: int) -> list[object]:
        entries = self.settings.texts(ENTRIES)
        known = on_local_list(entries, token, None)
        if known is not None and known.master and self.settings.flag(MASTER_FLAG):
            return self._end()
        learned = self.state.learned
        if token not in learned:
            learned = (*learned, token)
        self.state = LearnState(now_ms + LEARN_MS, learned)
        if known is not None:
            return [self._told()]
        return [ChangeSettings({ENTRIES: ":".join((*entries, token))}), self._told()]

    def _end(self) -> list[object]:
        self.state = LearnState(NEVER_MS, self.state.learned)
        return [self._told()]

    def _told(self) -> LearningChanged:
        return LearningChanged(self.state.on, self.state.learned, self.state.until_ms)
