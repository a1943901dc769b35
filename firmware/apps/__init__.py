"""Processes: they wire machines to adapters and hold no logic."""
