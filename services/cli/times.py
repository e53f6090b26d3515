"""Times as people write and read them. In data they are ISO 8601 in UTC."""

import re
from datetime import datetime, timedelta

from services.cli.stop import WRONG_USE, Stop
from shared import clock

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPAN = re.compile(r"(?P<count>\d{1,9})(?P<unit>[smhdw])")
_DAY = re.compile(r"(?P<day>today|yesterday)(?: (?P<hour>\d\d?):(?P<minute>\d\d))?")
_UNIX = re.compile(r"\d{9,11}(\.\d+)?")
_STEPS = ((1, "s"), (60, "min"), (3600, "h"), (86400, "d"))


def parse(text: str) -> datetime:
    """The time that `text` means; without a zone it is this machine's. Raises Stop."""
    now = clock.now()
    try:
        if span := _SPAN.fullmatch(text):
            return now - timedelta(**{_UNITS[span["unit"]]: int(span["count"])})
        if day := _DAY.fullmatch(text.lower()):
            return _on(day, now)
        if _UNIX.fullmatch(text):
            return datetime.fromtimestamp(float(text), tz=now.tzinfo)
        return datetime.fromisoformat(text).astimezone(now.tzinfo)
    except (ValueError, OverflowError):
        hint = "as 2h, 2026-11-25T14:00Z, yesterday 14:00 or 1764079200"
        raise Stop(WRONG_USE, "bad-request", f"{text} is no time", hint) from None


def ago(time: datetime) -> str:
    """How long ago that was, `5 min ago`."""
    seconds = (clock.now() - time).total_seconds()
    size, unit = next(
        step for step in reversed(_STEPS) if abs(seconds) >= step[0] or step == _STEPS[0]
    )
    told = f"{int(abs(seconds) / size)} {unit}"
    return f"in {told}" if seconds < 0 else f"{told} ago"


def _on(day: re.Match[str], now: datetime) -> datetime:
    hour, minute = int(day["hour"] or 0), int(day["minute"] or 0)
    local = now.astimezone() - timedelta(days=day["day"] == "yesterday")
    there = local.replace(hour=hour, minute=minute, second=0, microsecond=0, tzinfo=None)
    return there.astimezone(now.tzinfo)
