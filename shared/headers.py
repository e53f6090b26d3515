"""Header values: CloudEvents attributes are percent-encoded on NATS.

Source: cloudevents/spec, NATS protocol binding 3.1.3.
"""

import re
import string
from collections.abc import Mapping
from urllib.parse import quote, unquote

_PLAIN = "".join(sorted(set(string.printable) - set(string.whitespace) - set('"%')))
"""What stays as it is: printable ASCII but for space, quote and percent."""
_all_plain = re.compile(r"[!#$&-~]*").fullmatch


def encode(attributes: Mapping[str, str]) -> dict[str, str]:
    """Attributes as the headers of a message."""
    return {
        name: value if _all_plain(value) else quote(value, safe=_PLAIN)
        for name, value in attributes.items()
    }


def decode(headers: Mapping[str, str] | None) -> dict[str, str]:
    """The attributes in the headers of a message."""
    return {
        name: unquote(value) if "%" in value else value for name, value in (headers or {}).items()
    }
