"""How bright the ring is: the back end's brightness by day, at most the night's by night.

Night is a span of whole hours of the station's time zone, over midnight where it ends before it
begins. While wall time is not known it is day: a ring that is too bright is seen.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from firmware.model.machine import NEVER_MS
from firmware.model.settings import Settings

HOUR_MS = 3_600_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def percent(settings: Settings, utc_ms: int | None) -> int:
    """Return the brightness of the ring in percent."""
    day = settings.number("ocpp:LightIntensity")
    if utc_ms is None or not _dims(settings):
        return day
    begins, ends = settings.number("led_night_from"), settings.number("led_night_to")
    hour = _local(settings, utc_ms).hour
    night = begins <= hour < ends if begins < ends else hour >= begins or hour < ends
    return min(day, settings.number("led_night_intensity")) if night else day


def changes_in_ms(settings: Settings, utc_ms: int | None) -> int:
    """Return after what time to ask again: at the next full hour of the zone, or never."""
    if utc_ms is None or not _dims(settings):
        return NEVER_MS
    local = _local(settings, utc_ms)
    passed = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return HOUR_MS - passed // timedelta(milliseconds=1)


def _dims(settings: Settings) -> bool:
    same = settings.number("led_night_from") == settings.number("led_night_to")
    return not same and settings.number("led_night_intensity") < 100


def _local(settings: Settings, utc_ms: int) -> datetime:
    name = settings.text("time_zone")
    zone = ZoneInfo(name) if name else UTC
    return (_EPOCH + timedelta(milliseconds=utc_ms)).astimezone(zone)
