"""Marks that every test may carry; see pyproject.toml."""
