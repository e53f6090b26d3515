"""What goes wrong on purpose: processes that die at every step, lost, doubled and late messages."""
