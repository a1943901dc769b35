"""The safety core: IEC 61851-1 per outlet. Imports model, hal.ports and values only."""
