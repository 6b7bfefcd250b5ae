"""The errors that users meet: each is one clear sentence that names the thing and the cure."""


class InstrunetError(Exception):
    """Something the user can mend; its text is the whole message, shown without a traceback.

    Every error that the package raises on purpose derives from this class, so that a caller can write
    ``except InstrunetError`` and a command can print one line and exit with code 1.
    """


class UsageError(InstrunetError):
    """The request itself makes no sense (an unknown option value, say); commands exit with code 2."""


class MissingExtraError(InstrunetError):
    """An optional dependency is absent.

    >>> str(MissingExtraError("parquet", "writing Parquet"))
    'writing Parquet needs an extra: pip install "instrunet[parquet]"'
    """

    def __init__(self, extra: str, purpose: str) -> None:
        super().__init__(f'{purpose} needs an extra: pip install "instrunet[{extra}]"')
        self.extra = extra
