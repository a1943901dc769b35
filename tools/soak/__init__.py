"""The long campaigns; `python -m tools.soak` runs them all."""
