"""What an upstream says of files that it was sent as bytes, told by the names its client knows.

Files of this server are none of the upstream's: it gets what is in them, cites documents without a
``file_id`` and names ``source.base64`` where the client wrote ``source.file``.
"""

import re
from collections.abc import Mapping

import msgspec

from antechamber.wire.encoding import encode_json
from antechamber.wire.splice import array_of, field_of, items_of, with_fields

_CITED = re.compile(rb'(?:(?<=\n)|(?<=\r)|(?<![\s\S]))data: ?([^\r\n]*"citations_delta"[^\r\n]*)')
_PATH = re.compile(rb"(messages\.\d+\.content\.\d+[\w.]*?)\.source\.base64(?:\.data)?\b")
_TAG = re.compile(rb"\.(?:image|document|pdf)$")


class _Citation(msgspec.Struct):
    document_index: int
    file_id: str | None = None


_citation = msgspec.json.Decoder(_Citation)


class SentFiles(msgspec.Struct, frozen=True, kw_only=True):
    """The files of one request whose bytes the upstream got."""

    by_document: Mapping[int, str]
    """Ids of documents, by their index among all documents of the request."""
    paths: frozenset[bytes]
    """Where blocks stand that named one: ``messages.0.content.1``."""

    def in_events(self, events: bytes) -> bytes:
        """Return whole server-sent events with the ids of cited files in them."""
        if b'"citations_delta"' not in events:
            return events
        return _CITED.sub(self._in_event, events)

    def in_message(self, body: bytes) -> bytes:
        """Return an answer that is not streamed with them; raises ``ValueError`` for no message."""
        content = field_of(body, "content")
        if content is None or b'"document_index"' not in content:
            return body
        return with_fields(body, {"content": array_of(map(self._in_block, items_of(content)))})

    def in_refusal(self, body: bytes) -> bytes:
        """Return an error with the paths that the client knows."""
        return _PATH.sub(self._in_path, body)

    def _in_event(self, found: re.Match[bytes]) -> bytes:
        event = found[1]
        try:
            delta = field_of(event, "delta") or b""
            citation = self._named(field_of(delta, "citation") or b"")
            told = with_fields(event, {"delta": with_fields(delta, {"citation": citation})})
        except ValueError:
            # Passed on all the same: the client reads it, not we.
            return found[0]
        return b"data: " + told

    def _in_block(self, block: bytes) -> bytes:
        citations = field_of(block, "citations")
        if citations is None or not citations.startswith(b"["):
            return block
        return with_fields(block, {"citations": array_of(map(self._named, items_of(citations)))})

    def _named(self, citation: bytes) -> bytes:
        try:
            told = _citation.decode(citation)
        except msgspec.ValidationError:  # one of a search result
            return citation
        file_id = self.by_document.get(told.document_index)
        if file_id is None or told.file_id is not None:
            return citation
        return with_fields(citation, {"file_id": encode_json(file_id)})

    def _in_path(self, found: re.Match[bytes]) -> bytes:
        path: bytes = found[1]
        return path + b".source.file" if _TAG.sub(b"", path) in self.paths else found[0]
