"""IEC 61851-1 per outlet: the safety core. Imports the standard library, model and hal.ports only."""
