"""A session, plug and card in any order, and the desk that gives tokens their outlet."""
