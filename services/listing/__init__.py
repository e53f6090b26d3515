"""The listing service owns partners, the listings of their apps, and the versions of those.

What may be asked of it stands in `commands` and `queries`, what it tells in `events`, and its
rules in `refusals`: others meet it in these four alone.
"""
