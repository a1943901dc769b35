"""One file per chip or method; the board file names the driver, and nothing falls back."""
