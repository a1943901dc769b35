"""The rules of OCPP 1.6 Smart Charging once more, as slowly and plainly as they can be said.

It looks at one second at a time, in datetimes and fractions, and shares nothing with the engine:
payloads go in as the back end sends them. What it says of a second is (A per phase, whose).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from math import floor

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


def moment(text):
    """Read a timestamp; its fraction of a second does not count."""
    return datetime.fromisoformat(text).replace(microsecond=0)


class Oracle:
    """A station: its installed profiles in the order of their coming, its transactions."""

    def __init__(self, phases, caps_a, volts=230):
        self.phases, self.caps_a = phases, caps_a  # by outlet
        self.volts = volts
        self.installed = []  # (connector, profile, received at)
        self.running = {}  # outlet -> start of charging, in the order of the starts

    # -- what happens ---------------------------------------------------------------------------

    def install(self, connector, profile, at):
        """Take a profile in the place of its likes."""

        def like(other_connector, other):
            same_id = other["chargingProfileId"] == profile["chargingProfileId"]
            keys = ("chargingProfilePurpose", "stackLevel")
            return other_connector == connector and (
                same_id or all(other[key] == profile[key] for key in keys)
            )

        self.installed = [one for one in self.installed if not like(one[0], one[1])]
        self.installed.append((connector, profile, at))

    def begin(self, outlet, at):
        self.running[outlet] = at

    def end(self, outlet):
        """Its TxProfiles die with a transaction."""
        del self.running[outlet]
        self.installed = [
            one
            for one in self.installed
            if not (one[0] == outlet and one[1]["chargingProfilePurpose"] == "TxProfile")
        ]

    # -- what is allowed ------------------------------------------------------------------------

    def limit(self, outlet, at, began=None):
        """Return A per phase and the profile that says so, or None, at one second."""
        began = self.running.get(outlet, began)
        return self._less(self._tx(outlet, at, began), self._share(outlet, at))

    def expected(self, outlet, at, began):
        """Return what is drawn at most, for a composite schedule; `began`: who has not, now."""
        if outlet:
            return self._less(self.limit(outlet, at, began), (self.caps_a[outlet], None))
        total = Fraction(0)
        for n in self.phases:
            own = self._tx(n, at, self.running.get(n, began))
            total += self._less(own, (self.caps_a[n], None))[0]
        return self._less(self._best(0, "ChargePointMaxProfile", at, None, 0), (total, None))

    def composite(self, outlet, at, *, seconds, unit):
        """Return the periods of a composite schedule: start, limit in tenths, numberPhases."""
        periods, before = [], None
        for passed in range(seconds):
            amps, period = self.expected(outlet, at + passed * SECOND, at)
            given = None if period is None else period.get("numberPhases")
            if before == (amps, given):
                continue
            before = (amps, given)
            most = max(self.phases.values()) if outlet == 0 else self.phases[outlet]
            factor = 1 if unit == "A" else self.volts * min(given or 3, most)
            periods.append((passed, floor(amps * factor * 10), given))
        return periods

    @staticmethod
    def _less(one, other):
        if one is None or other is None:
            return one or other
        return other if other[0] < one[0] else one

    def _tx(self, outlet, at, began):
        for connector, purpose in (
            (outlet, "TxProfile"), (outlet, "TxDefaultProfile"), (0, "TxDefaultProfile")
        ):  # fmt: skip
            found = self._best(connector, purpose, at, began, outlet)
            if found is not None:
                return found
        return None

    def _share(self, outlet, at):
        whole = self._best(0, "ChargePointMaxProfile", at, None, 0)
        if whole is None:
            return None
        takers = [*self.running] if outlet in self.running else [*self.running, outlet]
        served = len(takers)
        while served > 1 and whole[0] / served < 6:
            served -= 1
        return (whole[0] / served if takers.index(outlet) < served else Fraction(0), whole[1])

    def _best(self, connector, purpose, at, began, outlet):
        """Return the limit of the highest level that has a period at this second."""
        best, best_level = None, -1
        for where, profile, received in self.installed:
            if where != connector or profile["chargingProfilePurpose"] != purpose:
                continue
            if profile["stackLevel"] <= best_level:
                continue
            period = self._period(profile, at, began, received)
            if period is not None:
                best, best_level = (
                    (self._amps(profile, period, outlet), period),
                    profile["stackLevel"],
                )
        return best

    def _amps(self, profile, period, outlet):
        limit = Fraction(str(period["limit"]))
        if profile["chargingSchedule"]["chargingRateUnit"] == "A":
            return limit
        most = max(self.phases.values()) if outlet == 0 else self.phases[outlet]
        return limit / (self.volts * min(period.get("numberPhases", 3), most))

    def _period(self, profile, at, began, received):
        if "validFrom" in profile and at < moment(profile["validFrom"]):
            return None
        if "validTo" in profile and at >= moment(profile["validTo"]):
            return None
        run = self._run(profile, at, began, received)
        schedule = profile["chargingSchedule"]
        if run is None or at < run:
            return None
        if "duration" in schedule and at >= run + timedelta(seconds=schedule["duration"]):
            return None
        found = None
        for period in schedule["chargingSchedulePeriod"]:
            if run + timedelta(seconds=period["startPeriod"]) <= at:
                found = period
        return found

    def _run(self, profile, at, began, received):
        """Return the instant from which the schedule counts at this second."""
        schedule, kind = profile["chargingSchedule"], profile["chargingProfileKind"]
        if kind == "Relative" or "startSchedule" not in schedule:
            if profile["chargingProfilePurpose"] == "ChargePointMaxProfile":
                return received
            return at if began is None else began  # without a car it stands at its beginning
        start = moment(schedule["startSchedule"])
        if kind == "Absolute" or at < start:
            return start
        run = at.replace(hour=start.hour, minute=start.minute, second=start.second)
        if run > at:
            run -= DAY
        while profile["recurrencyKind"] == "Weekly" and run.weekday() != start.weekday():
            run -= DAY
        return run
