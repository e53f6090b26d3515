"""The `guestlist` command: commands and queries in, what happened out, and how it all is run."""
