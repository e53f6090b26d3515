"""How a command ends that isn't done: with an exit code, and an error."""

REFUSED, WRONG_USE, NO_ANSWER, INTERRUPTED = 1, 2, 3, 130
"""Exit codes; 0 is done."""
CODES = {
    "account-exists": "There is an account of that name already; it stays as it is.",
    "already-up": "Another `guestlist up` or `import` runs on that folder.",
    "bad-play": "That play can't be played; nothing was sent.",
    "beyond-role": "An account has no API key for what its role isn't for.",
    "damaged": "Something in a store can't be read.",
    "failed": "What was asked for could not be printed, read or written.",
    "keys-gone": "There are stores whose keys are gone: other ones would make their tokens void.",
    "name-in-use": "Another follower goes by that name.",
    "no-account": "There is no account of that name.",
    "no-archive": "That is no archive of a history, or not a whole one; nothing was made of it.",
    "no-code": "There is no such revision or folder of code, or it can't replay a history.",
    "no-history": "Nothing that is published happened to that aggregate.",
    "no-key": "There is no API key with that id.",
    "no-keys": "That file holds no keys.",
    "no-reply": "No server or service answered in time; whether a command was decided isn't known.",
    "no-seal": "That is no seal, or it isn't as it was signed, or not by whom it should be.",
    "no-such-file": "There is no such file, or it can't be read.",
    "no-such-folder": "There is no such folder of `guestlist up`.",
    "not-empty": "There is a history in that folder already.",
    "not-ended": "What the command began goes on; it was not waited for any longer.",
    "not-started": "Something didn't start.",
    "not-up": "Nothing was started on that folder.",
    "unknown-code": "There is no such code.",
    "unknown-name": "There is no such command or query.",
    "unknown-service": "There is no such service.",
    "wrong-use": "That is no way to call `guestlist`.",
}
"""What only the command line says; all else it passes on from the services."""


class Stop(Exception):
    """Ends the command: what went wrong, what to do, and the call of `guestlist` that does it.

    There is always something to do.
    """

    def __init__(self, exit_code: int, code: str, detail: str, hint: str, then: str = "") -> None:
        super().__init__(detail)
        self.exit_code = exit_code
        self.code = code
        self.detail = detail
        self.hint = hint
        self.next = then
