"""The token service owns the access tokens of each app.

What may be asked of it stands in `commands` and `queries`, what it tells in `events`, and its
rules in `refusals`: others meet it in these four alone.
"""
