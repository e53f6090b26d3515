"""What happened, read from the stores and replayed: of all services, and without any effect.

It may look into the domain of each service, because what an event changed is what `evolve` does.
"""
