"""Tests that run in the virtual station only, where rpi-lgpio is RPi.GPIO to its users."""

import os

collect_ignore_glob = [] if "POWERSTATION_INSIDE" in os.environ else ["test_*.py"]
