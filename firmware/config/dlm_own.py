"""Load management beyond the manual: the tree of fuses, who is behind which, and our own bus."""

from __future__ import annotations

from firmware.config.kinds import entries, flag, host_port, whole
from firmware.config.param import Effect, Menu, Param, Role
from firmware.model.fuses import read_fuse, read_place

PARAMS = (
    Param(
        "dlm_fuses",
        entries(read_fuse, "fuses like row 32/32/32 behind deck", 100),
        (),
        label="Fuses of the site",
        menu=Menu.LOAD_MANAGEMENT,
        group="DLM",
        unit="A",
        role=Role.INSTALLER,
        help="Fuses between the EVSE sub-distribution and the stations, like row 32/32/32 behind "
        "deck; what is behind none is behind the sub-distribution.",
        shown_if=("dlm_mode", ("master_internal_slave", "master_standalone")),
    ),
    Param(
        "dlm_places",
        entries(read_place, "stations like ps-1a2b3c4d at row", 500),
        (),
        label="Stations at fuses",
        menu=Menu.LOAD_MANAGEMENT,
        group="DLM",
        role=Role.INSTALLER,
        help="Which station is behind which fuse, like ps-1a2b3c4d at row; a station is named as "
        "the page of the site names it. What is not named is behind the sub-distribution.",
        shown_if=("dlm_mode", ("master_internal_slave", "master_standalone")),
    ),
    Param(
        "dlm_standby",
        flag(),
        False,
        label="Second master",
        menu=Menu.LOAD_MANAGEMENT,
        group="DLM",
        role=Role.INSTALLER,
        effect=Effect.RESTART,
        help="At a master: the site has a second one. At a slave: it is that one, and leads while "
        "the master is silent. Both lead only while they hear more than half of all stations.",
    ),
    Param(
        "dlm_standby_address",
        host_port(port_needed=True),
        "",
        label="Address of the second master",
        menu=Menu.LOAD_MANAGEMENT,
        group="DLM",
        effect=Effect.RESTART,
        help="Where the second master is; empty: it is looked for in the LAN.",
    ),
    Param(
        "dlm_port",
        whole(1_024, 65_534),
        8_883,
        label="Port of load management",
        menu=Menu.LOAD_MANAGEMENT,
        group="DLM",
        effect=Effect.RESTART,
        help="TCP port at which a master listens; while a station joins, the next one too.",
        shown_if=("dlm_mode", ("master_internal_slave", "master_standalone")),
    ),
    Param(
        "dlm_rotation_minutes",
        whole(1, 240),
        15,
        label="Rotation of pauses",
        menu=Menu.LOAD_MANAGEMENT,
        group="DLM",
        unit="min",
        help="While the current does not suffice for all vehicles, places change so often.",
    ),
    Param(
        "dlm_use_export",
        flag(),
        False,
        label="Use exported current",
        menu=Menu.LOAD_MANAGEMENT,
        group="DLM",
        help="On: what the house feeds in on a phase may be used by the vehicles.",
        shown_if=("dlm_external_meter_support", ("on",)),
    ),
)
