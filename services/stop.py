"""How a command ends that isn't done: with an exit code, and an error."""

REFUSED, WRONG_USE, NO_ANSWER, INTERRUPTED = 1, 2, 3, 130
"""Exit codes; 0 is done."""


class Stop(Exception):
    """Ends the command: what went wrong, and what to do."""

    def __init__(self, exit_code: int, code: str, detail: str, hint: str = "") -> None:
        super().__init__(detail)
        self.exit_code = exit_code
        self.code = code
        self.detail = detail
        self.hint = hint
