"""Access tokens: made from an app key and a number, checked in constant time, never stored."""

import hmac
import json
import re
import secrets
import string
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from shared.files import write_new
from shared.names import fold

PUBLISHED_PATTERN = r"gl_[0-9]{1,9}_[0-9a-z]{2}[0-9A-Za-z]{27}[0-9A-Za-z]{6}"
"""Number, key id, MAC of 160 bits, checksum. Published, so that secret scanners find tokens."""

_TOKEN = re.compile(
    r"gl_(?P<number>[0-9]{1,9})_(?P<key_id>[0-9a-z]{2})(?:(?!gl_[0-9]{1,9}_)[0-9A-Za-z]){33}"
)
"""What stands right before a token can't swallow its beginning."""
_MASKED = re.compile(r"gl_(?P<number>[0-9]{1,9})_(?P<key_id>[0-9a-z]{2})\*\*\*")
_KeyId = Annotated[str, Field(pattern="^[0-9a-z]{2}$")]
_Key = Annotated[bytes, Field(min_length=32, max_length=32)]
_FILE = TypeAdapter[dict[_KeyId, _Key]](
    Annotated[dict[_KeyId, _Key], Field(min_length=1)], config=ConfigDict(val_json_bytes="hex")
)
_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase


def mask(text: str) -> str:
    """`text` with every token in it reduced to its number and key id, `gl_7_k1***`."""
    if "gl_" not in text:
        return text
    return _TOKEN.sub(r"gl_\g<number>_\g<key_id>***", text)


def is_masked(text: str) -> bool:
    """Whether there is a token in `text` that was masked."""
    return _MASKED.search(text) is not None


class Keys:
    """The signing keys by their ids; the last one signs, all verify."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = dict(keys)
        self.current = list(self._keys)[-1]
        """The id of the key that signs."""

    @classmethod
    def read(cls, path: Path) -> Self:
        """The keys in a key file; raises OSError or ValueError when there are none."""
        try:
            return cls(_FILE.validate_json(path.read_bytes()))
        except ValidationError:
            raise ValueError(f"{path} is no key file") from None

    @staticmethod
    def make(path: Path) -> None:
        """Write a key file with one new key of 256 bits, for its owner only.

        Raises FileExistsError rather than lose a key.
        """
        write_new(path, json.dumps({"k1": secrets.token_hex(32)}).encode())

    def token(self, app_key: str, number: int, key_id: str | None = None) -> str:
        """The token with that number of that app; the same each time it is made."""
        key_id = key_id or self.current
        message = f"access-token\0{fold(app_key)}\0{number}".encode()
        mac = hmac.digest(self._keys[key_id], message, "sha256")[:20]
        body = f"gl_{number}_{key_id}{_base62(int.from_bytes(mac), 27)}"
        return body + _base62(zlib.crc32(body.encode()), 6)

    def shared_secret(self, key_id: str, *names: str) -> str:
        """What an installation and its app share: 256 bits as text, the same each time.

        `names` say which one; raises KeyError when the key is gone.
        """
        message = "\0".join(("shared-secret", *names)).encode()
        return _base62(int.from_bytes(hmac.digest(self._keys[key_id], message, "sha256")), 43)

    def number(self, app_key: str, token: str) -> int | None:
        """The number of a token of that app; None for every other text."""
        match = _TOKEN.fullmatch(token)
        if match is None or _base62(zlib.crc32(token[:-6].encode()), 6) != token[-6:]:
            return None
        if match["key_id"] not in self._keys:
            return None
        number = int(match["number"])
        genuine = hmac.compare_digest(token, self.token(app_key, number, match["key_id"]))
        return number if genuine else None

    def unmask(self, app_key: str, text: str) -> str:
        """`text` with the tokens of that app made whole again."""

        def whole(found: re.Match[str]) -> str:
            known = found["key_id"] in self._keys
            return self.token(app_key, int(found["number"]), found["key_id"]) if known else found[0]

        return _MASKED.sub(whole, text)


def _base62(value: int, width: int) -> str:
    digits = []
    for _ in range(width):
        value, digit = divmod(value, 62)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
