"""Plays: what is sent and asked in which order, and what has to come of it."""
