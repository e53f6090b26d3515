"""Scopes: what an app may do, and which scope includes which.

Source: the host-side plugin mahmoudimus/ac; SPACE_ADMIN doesn't include PROJECT_ADMIN.
"""

from collections.abc import Iterable

_READERS = frozenset({"READ"})
_WRITERS = _READERS | {"WRITE"}
_DELETERS = _WRITERS | {"DELETE"}
_INCLUDED = {
    "NONE": frozenset({"NONE"}),
    "READ": _READERS,
    "WRITE": _WRITERS,
    "DELETE": _DELETERS,
    "PROJECT_ADMIN": _DELETERS | {"PROJECT_ADMIN"},
    "SPACE_ADMIN": _DELETERS | {"SPACE_ADMIN"},
    "ADMIN": _DELETERS | {"PROJECT_ADMIN", "SPACE_ADMIN", "ADMIN"},
    "ACT_AS_USER": frozenset({"ACT_AS_USER"}),
    "ACCESS_EMAIL_ADDRESSES": frozenset({"ACCESS_EMAIL_ADDRESSES"}),
}
SCOPES = frozenset(_INCLUDED)
"""All scopes that exist, in capitals; descriptors have them in any case."""


def included(scopes: Iterable[str]) -> frozenset[str]:
    """The scopes with all that they include; raises KeyError for one that doesn't exist."""
    return frozenset[str]().union(*(_INCLUDED[scope.upper()] for scope in scopes)) - {"NONE"}
