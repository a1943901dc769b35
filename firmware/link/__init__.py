"""Typed, bounded frames between `pilotd` and `stationd`."""
