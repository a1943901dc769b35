"""Packages for Debian 12 and 13 on arm64, and a flashable image: `docs/install.md`."""
