"""The words for types of meters, and the register map of `hal/meters` that each stands for.

[CC613 7.5] A type on TCP has an address and a port of its own; one on a serial bus is where the
board file says. What has no driver may be named, as the manual does, but not chosen.
"""

from __future__ import annotations

TCP_TYPES = {
    "siemens_7km2200_tcp": "pac2200",
    "phoenix_eem_mb371_tcp": "eem_mb370",
    "carlo_gavazzi_em24_tcp": "em24_e1",
    "eastron_sdm630_tcp": "sdm630",
    "janitza_umg_tcp": "janitza_umg",
    "shelly_pro_3em_tcp": "shelly_pro_3em",
}
SERIAL_TYPES = {
    "abb_b23_rtu": "abb_b23",
    "carlo_gavazzi_em340_rtu": "em340",
    "eastron_sdm120_rtu": "sdm120",
    "eastron_sdm630_rtu": "sdm630",
    "eastron_sdm72d_rtu": "sdm72d",
    "janitza_umg_rtu": "janitza_umg",
    "schneider_iem3155_rtu": "iem3155",
}
ONE_PHASE = ("eastron_sdm120_rtu",)
WITHOUT_DRIVER = ("s0", "ehz")
WITH_INPUT = ("siemens_7km2200_tcp",)  # whose digital input can be read
PHOENIX, PHOENIX_IP = "phoenix_eem_mb371_tcp", "192.168.1.2"  # as it leaves the factory
PHOENIX_FACTORY = (
    f"A Phoenix EEM-MB370/371 leaves the factory at {PHOENIX_IP}: set DHCP or a free address of "
    "the station's network on its own web page first."
)
