"""What the dashboard's chart is drawn from: one sample of all outlets."""

from __future__ import annotations

from firmware.station.core import StationCore

SAMPLE_S = 2
SAMPLES_KEPT = 450  # a quarter of an hour


def sample(station: StationCore, at_s: int) -> dict[str, object]:
    """Return currents, offer and limit of every outlet; `at_s` is UTC."""
    outlets = []
    for number, session in station.sessions.items():
        reading = session.state.reading
        outlets.append(
            {
                "outlet": number,
                "limit_ma": session.state.limit_ma,
                "offered_ma": station.metering.meters[number].offered_ma,
                "currents_ma": list(reading.currents_ma) if reading else None,
                "power_w": reading.power_w if reading else None,
            }
        )
    return {"t_s": at_s, "outlets": outlets}
