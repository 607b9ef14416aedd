# The few names that we use of a library that is typed in part; a name joins when code needs it.
from collections.abc import Sequence

from google.auth.credentials import Credentials

def default(scopes: Sequence[str] | None = None) -> tuple[Credentials, str | None]: ...
