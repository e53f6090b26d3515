"""The story of Guestlist, played through real servers."""
