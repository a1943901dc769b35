"""What the station knows of its own health: the fault book, inputs, absences, wear."""
