"""Recorded history against code: what it leaves, and what would be decided today."""
