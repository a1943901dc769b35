"""Devices that are played, by hand and not by the libraries that they are to prove."""
