"""GetCompositeSchedule: the limits of a span to come, as OCPP says them.

Never empty: where no profile speaks, the outlet's own limit stands. [ER 3.57] It begins with the
second of its reception; for connector 0 it is the lesser of ChargePointMaxProfile and the sum
of the outlets.
"""

from __future__ import annotations

from dataclasses import replace

from firmware.ocpp.charging_profile import RateUnit, period_payload
from firmware.ocpp.frames import Payload
from firmware.ocpp.payloads import iso_utc
from firmware.ocpp.profile_book import ProfileBook
from firmware.ocpp.schedule import Feed, Moment, Share, mw_of, stretches

SPAN_MAX_S = 31 * 86_400


def composite(
    book: ProfileBook, moments: dict[int, Moment], outlet: int, *, duration_s: int, unit: RateUnit
) -> Payload:
    """Return what stands beside the status; what does not charge now begins now."""
    start_s = next(iter(moments.values())).at_s
    begun = {
        n: replace(moment, began_s=start_s if moment.began_s is None else moment.began_s)
        for n, moment in moments.items()
    }

    def look(at_s: int) -> Share:
        then = {n: replace(moment, at_s=at_s) for n, moment in begun.items()}
        return book.expectation(outlet, then)

    found = stretches(look, start_s, start_s + min(duration_s, SPAN_MAX_S))
    feed = book.feed(outlet)
    periods = [
        period_payload(
            stretch.start_s - start_s, _limit_milli(stretch.share, unit, feed),
            stretch.share.phases,
        )
        for stretch in found[:-1]
    ]  # fmt: skip
    return {
        "connectorId": outlet,
        "scheduleStart": iso_utc(start_s * 1_000),
        "chargingSchedule": {
            "duration": found[-1].start_s - start_s,
            "chargingRateUnit": unit.value,
            "chargingSchedulePeriod": periods,
        },
    }


def _limit_milli(share: Share, unit: RateUnit, feed: Feed) -> int:
    assert share.grains is not None, share  # an outlet has limits of its own
    if unit is RateUnit.AMPERE:
        return feed.ma_of(share.grains)
    return mw_of(share.grains, feed.used_phases(share.phases))
