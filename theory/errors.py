"""The one exception of this package.

    ValueError
     └─ InputError      bad input: the message names what was wrong and what is accepted

Everything that is an *outcome* (a bound that does not apply, a certificate that is refused, a
solver that ran out of time) is a value, never an exception.
"""


class InputError(ValueError):
    """Input that has no meaning here; the message says what was wrong and what is accepted."""


def said(error: OSError) -> str:
    """What the system says of a file, in one line."""
    return f"{error.filename or 'file'}: {error.strerror or error}"
