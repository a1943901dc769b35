"""Adapters, one file per world; no decisions of the trade."""
