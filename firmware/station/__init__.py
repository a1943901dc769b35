"""The only place where parts meet: wiring, output commit, settings, snapshot."""
