"""The installation service owns sites, the apps on them, and their licences.

What may be asked of it stands in `commands` and `queries`, what it tells in `events`, and its
rules in `refusals`: others meet it in these four alone.
"""
