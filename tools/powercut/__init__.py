"""What a disk may hold after a loss of power: file operations recorded, cut, replayed."""
