"""What the back end did with each kind of request lately: a sentence for whoever asks why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class _Count:
    refused: int = 0
    ignored: int = 0
    code: str = ""


class Reproaches:
    """Failures in a row, by action; a good answer forgives."""

    def __init__(self) -> None:
        self._counts: dict[str, _Count] = {}  # as many as there are actions of ours

    def answered(self, action: str) -> None:
        """It was answered as it should be."""
        self._counts.pop(action, None)

    def refused(self, action: str, code: str) -> None:
        """It was answered with a CALLERROR, or with something that is no answer."""
        count = self._counts.setdefault(action, _Count())
        count.refused, count.code = count.refused + 1, code

    def ignored(self, action: str) -> None:
        """It was not answered in time."""
        self._counts.setdefault(action, _Count()).ignored += 1

    def sentences(self) -> list[str]:
        """Return what is wrong now, the worst first."""
        told = sorted(self._counts.items(), key=lambda kv: (-kv[1].refused - kv[1].ignored, kv[0]))
        return [_sentence(action, count) for action, count in told]


def _sentence(action: str, count: _Count) -> str:
    parts = []
    if count.ignored:
        parts.append(f"has not answered {action} {_times(count.ignored)}")
    if count.refused:
        parts.append(f"refuses {action} ({count.code}, {_times(count.refused)})")
    return f"the back end {' and '.join(parts)}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times in a row"
