"""What happened, read from the stores and replayed: of all services, and without any effect.

It may look into domain and handlers of each service: what an event changed is what `evolve` does,
and what a command would come to is what its handler decides.
"""
