"""The simulated world behind the ports: physics, the outside verbs, and their server."""
