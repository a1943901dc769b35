"""Who may charge: local list, what the back end said before, the back end, the doubt rule."""
