"""Every limit of an outlet with its source and reason; the least one acts."""
