from collections.abc import Mapping, MutableMapping

class AWSRequest:
    headers: MutableMapping[str, str]
    context: dict[str, object]
    def __init__(
        self, *, method: str, url: str, data: bytes, headers: Mapping[str, str]
    ) -> None: ...
