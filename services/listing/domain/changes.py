"""What a message changes: fields that are left out stay as they are."""

from typing import Any

from shared.messages import Message


def told(message: Message, kind: type[Message]) -> dict[str, Any]:
    """What `message` tells of the fields of `kind`."""
    return {
        name: value for name in kind.model_fields if (value := getattr(message, name)) is not None
    }


def differing(asked: Message, now: Message) -> dict[str, Any]:
    """What `asked` tells otherwise than `now`."""
    fields = told(asked, type(now)).items()
    return {name: value for name, value in fields if value != getattr(now, name)}
