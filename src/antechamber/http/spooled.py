"""A large body in a file instead of in memory: decoded while it comes, then read where it lies."""

from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from mmap import ACCESS_READ, mmap
from pathlib import Path
from tempfile import TemporaryFile

from antechamber.http.asgi import Receive, Scope, header
from antechamber.http.bodies import body_pieces, too_large, unpacker_of


@asynccontextmanager
async def spooled_body(
    scope: Scope, receive: Receive, folder: Path, *, max_bytes: int
) -> AsyncGenerator[bytes | memoryview, None]:
    """Yield the body, decoded, for as long as the block lasts; in ``folder`` it has no name.

    Raises as ``read_body`` does.
    """
    declared = header(scope, b"content-length")
    if declared is not None and declared.isdigit() and int(declared) > max_bytes:
        raise too_large()
    encoding = header(scope, b"content-encoding")
    unpacker = (
        None if encoding is None else unpacker_of(encoding.encode("latin-1"), max_bytes=max_bytes)
    )
    size = 0
    with TemporaryFile(dir=folder) as file:
        async with aclosing(body_pieces(receive)) as pieces:
            async for piece in pieces:
                size += len(piece)
                if size > max_bytes:
                    raise too_large()
                file.write(piece if unpacker is None else unpacker.feed(piece))
        if unpacker is not None:
            unpacker.end()
        file.flush()
        if file.tell() == 0:
            yield b""
        else:
            # Not closed by hand: whoever holds a part of it keeps it.
            yield memoryview(mmap(file.fileno(), 0, access=ACCESS_READ))
