"""Whether the stores of a house are as they must be: each check tells what isn't, and where."""
