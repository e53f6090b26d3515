"""What Guestlist costs, each figure beside its floor from the same run."""
