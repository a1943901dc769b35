"""What the ring says: from the state of the outlets to a pattern, from a pattern to a frame."""
