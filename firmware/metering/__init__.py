"""When meters are asked, when a silent one counts as dead, what is sampled for the back end."""
