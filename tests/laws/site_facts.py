"""The machines whose rules limit the station or the site, for the laws, and their facts."""

from __future__ import annotations

from firmware.config.registry import changed
from firmware.limits.dimming import Dimming
from firmware.limits.scheduler import Scheduler
from firmware.limits.site_inputs import SiteInputs
from firmware.model import devices as d
from firmware.model import load as lo
from firmware.model import session as s
from firmware.model.backend import ClockSynced
from firmware.model.settings import SettingsChanged
from tests.laws.facts import NOON_MS, QUICK, SETTINGS, TIME
from tests.laws.kind import COMMON, Kind

WIRED = changed(
    QUICK,
    {
        "dlm_external_meter_support": "on",
        "meter2_type": "siemens_7km2200_tcp",
        "meter2_ip": "192.168.2.9",
        "dlm_meter_digital_input": "active_low",
        "dlm_ext_input_1": "active_high",
        "dlm_ext_input_2": "active_low",
        "dlm_ext_input_limit": "10/10/0",
        "dimming_input": "ext1_active_high",
        "dimming_power_w": "9000",
    },
)
TABLE = changed(
    QUICK,
    {
        "time_zone": "Europe/Berlin",
        "dlm_max_current_scheduler": "on",
        "dlm_max_current_schedule": "mon-sun 13:00 16/16/16; sat 13:01 8/16/32; sun 02:30 6/6/6",
    },
)
LEVELS = [
    *(d.InputChanged(name, on, 0) for name in ("ext1", "ext2", "spd") for on in (True, False)),
    d.InputsSilent(0), d.InputsAnswered(0),
]  # fmt: skip
HOUSE_LOADS = [
    lo.ExternalLoad((0, 0, 0), (False,) * 3, 0, told) for told in (True, False, None)
] + [lo.ExternalLoadLost(0)]
WANTS = [s.EnergyWanted(n, wanted, "why") for n in (1, 2) for wanted in (True, False)]
LIMITING = (
    Kind(
        "SiteInputs",
        lambda: SiteInputs(WIRED, ("ext1", "spd")),
        [*LEVELS, *HOUSE_LOADS, *SETTINGS, SettingsChanged(WIRED)],
        (*COMMON, d.InputChanged, d.InputsSilent, d.InputsAnswered, lo.ExternalLoad,
         lo.ExternalLoadLost),
    ),
    Kind(
        "Scheduler",
        lambda: Scheduler(TABLE),
        [*TIME, ClockSynced(0, "rtc"), ClockSynced(NOON_MS - 30_000, "ntp"),
         *SETTINGS, SettingsChanged(TABLE), SettingsChanged(TABLE)],
        COMMON,
        ((), (TIME[0],)),
        pauses=(0, 1, 20, 1_499, 1_500, 3_000, 30_000),
    ),
    Kind(
        "Dimming",
        lambda: Dimming(WIRED, (1, 2), ("ext1",)),
        [*LEVELS, *WANTS, *WANTS, *SETTINGS, SettingsChanged(WIRED)],
        (*COMMON, d.InputChanged, d.InputsSilent, d.InputsAnswered, s.EnergyWanted),
        ((), (WANTS[0], WANTS[2], LEVELS[0])),
        pauses=(0, 0, 1, 2, 25, 26, 299, 300, 301),
    ),
)  # fmt: skip
