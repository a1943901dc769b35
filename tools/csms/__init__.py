"""A back end for the bench: shows every frame, takes commands."""
