"""The services listing, token and installation, and the `guestlist` command."""
