"""A fuzzer of frames and handlers: whatever a back end sends, the station lives."""
