"""``/v1/files``, ``/v1/files/{file_id}`` and ``/v1/files/{file_id}/content``."""

from urllib.parse import parse_qs

from antechamber.http.asgi import Receive, Scope, Send, respond
from antechamber.http.multipart import read_upload
from antechamber.operations.answering.call import Call
from antechamber.operations.files import FileRow, Files, NewFile, cursor_after
from antechamber.operations.pages import PageOrder
from antechamber.wire.administration import parse_query
from antechamber.wire.encoding import encode_json
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.files import (
    FileMetadata,
    FilesQuery,
    file_name,
    media_type,
    parse_upload_fields,
)

_OLD_SHAPE = "files-api-2025-04-14"
_MOST_IDS = 100
_PAGE = 20


class FilesEndpoint:
    """Takes a file, and lists those that there are, the newest first."""

    def __init__(self, files: Files, *, lenient: bool) -> None:
        self._files = files
        self._lenient = lenient

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        call: Call = scope["state"]["call"]
        if scope["method"] == "POST":
            body = await self._upload(scope, receive, call)
        else:
            query = parse_query(_query(scope), FilesQuery)
            if _is_of_old_shape(query, call):
                body = await self._part(query, call)
            else:
                body = await self._page(query, call)
        await respond(send, 200, encode_json(body))

    async def _upload(self, scope: Scope, receive: Receive, call: Call) -> FileMetadata:
        async with self._files.receive() as incoming:
            upload = await read_upload(
                scope, receive, incoming.write, max_file_bytes=self._files.max_file_bytes
            )
            fields = dict(upload.fields)
            if self._lenient:
                # In documents, and in no SDK; other APIs sort files by it.
                fields.pop("purpose", None)
            wanted = NewFile(
                workspace_id=call.caller.workspace_id,
                filename=file_name(upload.filename),
                mime_type=media_type(upload.content_type),
                expires_in_s=parse_upload_fields(fields).expires_in_seconds,
            )
            return _metadata(await self._files.keep(incoming, wanted))

    async def _page(self, query: FilesQuery, call: Call) -> dict[str, object]:
        workspace_id = call.caller.workspace_id
        if query.scope_id is not None:
            # A scope is a session of the managed agents: nothing that is uploaded here has one.
            return {"data": [], "next_page": None}
        if query.ids is not None:
            wanted = dict.fromkeys(query.ids)
            if query.page is not None or query.limit is not None:
                message = "ids: Input cannot be combined with page or limit"
                raise InvalidRequest(message)
            if len(wanted) > _MOST_IDS:
                message = f"ids: List should have at most {_MOST_IDS} items, not {len(wanted)}"
                raise InvalidRequest(message)
            rows, next_page = await self._files.among(workspace_id, wanted), None
        else:
            page = await self._files.page(workspace_id, limit=query.limit or _PAGE, page=query.page)
            rows, next_page = page.data, page.next_page
        return {"data": list(map(_metadata, rows)), "next_page": next_page}

    async def _part(self, query: FilesQuery, call: Call) -> dict[str, object]:
        if query.scope_id is not None:
            return {"data": [], "has_more": False, "first_id": None, "last_id": None}
        order = PageOrder(
            limit=query.limit or _PAGE, after_id=query.after_id, before_id=query.before_id
        )
        page = await self._files.part(call.caller.workspace_id, order)
        data = list(map(_metadata, page.data))
        told: dict[str, object] = {
            "data": data,
            "has_more": page.has_more,
            "first_id": data[0]["id"] if data else None,
            "last_id": data[-1]["id"] if data else None,
        }
        if page.has_more and query.before_id is None:
            # SDKs of today go on by it under the old header too; older ones leave it alone.
            told["next_page"] = cursor_after(page.data[-1])
        return told


class FileEndpoint:
    """Tells of one file, and deletes it."""

    def __init__(self, files: Files) -> None:
        self._files = files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        call: Call = scope["state"]["call"]
        file_id: str = scope["path_params"]["file_id"]
        if scope["method"] == "DELETE":
            await self._files.delete(file_id, call.caller.workspace_id)
            await respond(send, 200, encode_json({"id": file_id, "type": "file_deleted"}))
            return
        row = await self._files.find(file_id, call.caller.workspace_id)
        await respond(send, 200, encode_json(_metadata(row)))


class FileContentEndpoint:
    """Tells why a file is not given out."""

    def __init__(self, files: Files) -> None:
        self._files = files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        call: Call = scope["state"]["call"]
        file_id: str = scope["path_params"]["file_id"]
        await self._files.refuse_download(file_id, call.caller.workspace_id)


def _is_of_old_shape(query: FilesQuery, call: Call) -> bool:
    """Whether the list is asked for as in the beta, of which SDKs of today send the header alone.

    Raises ``InvalidRequest`` for what only one shape has beside what only the other has.
    """
    is_old = query.after_id is not None or query.before_id is not None
    if query.ids is None and query.page is None:
        return is_old or _OLD_SHAPE in call.betas
    if is_old:
        name = "page" if query.ids is None else "ids"
        message = f"{name}: Input cannot be combined with after_id or before_id"
        raise InvalidRequest(message)
    return False


def _query(scope: Scope) -> dict[str, list[str]]:
    return parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)


def _metadata(row: FileRow) -> FileMetadata:
    return {
        "id": row.id,
        "type": "file",
        "filename": row.filename,
        "mime_type": row.mime_type,
        "size_bytes": row.size_bytes,
        "created_at": row.created_at,
        "downloadable": row.downloadable,
        "expires_at": row.expires_at,
    }
