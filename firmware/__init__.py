"""Firmware of the charging station: `docs/house.md` is the plan of the house."""

VERSION = "0.1.0"
