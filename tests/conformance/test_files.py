"""The Files API, through the official SDK and as plain forms."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic import Anthropic, AsyncAnthropic
from anthropic.types import FileMetadata
from anthropic.types.beta import BetaFileMetadata

from tests.conformance.conftest import StartServer
from tests.conformance.exchanges import plain_client, sdk_client
from tests.conformance.manifest import requirement
from tests.conformance.shapes import shape_faults
from tests.servers import RunningServer

PDF = b"%PDF-1.7\n" + bytes(100)
UNKNOWN = "file_011CNha8iCJcU1wXNR6q4V8w"
BETA = "files-api-2025-04-14"
REPLY = '[[replies]]\ntext = "Hello"\n'


def upload(http: httpx2.Client, **fields: Any) -> httpx2.Response:
    """Send a form with a file and ``fields`` beside it."""
    return http.post("/v1/files", files={"file": ("a.txt", b"text")}, data=fields)


@pytest.fixture(scope="module")
def three(scripted: RunningServer) -> Iterator[list[FileMetadata]]:
    """Files, the newest first."""
    with sdk_client(scripted.url) as client:
        files = [client.files.upload(file=(f"{name}.pdf", PDF)) for name in "cba"][::-1]
        yield files
        for each in files:
            client.files.delete(each.id)


@requirement("files:upload")
def test_a_file_is_told_of_as_it_is(client: Anthropic) -> None:
    file = client.files.upload(file=("paper.pdf", PDF, "application/pdf"))
    found = client.files.retrieve_metadata(file.id)

    told = found.to_dict(mode="json")
    assert found == file
    assert shape_faults(FileMetadata, told) == []
    assert told == {
        "id": file.id,
        "type": "file",
        "filename": "paper.pdf",
        "mime_type": "application/pdf",
        "size_bytes": len(PDF),
        "created_at": told["created_at"],
        "downloadable": False,
        "expires_at": None,
    }
    assert file.id.startswith("file_01")


@requirement("files:upload:async")
async def test_a_file_is_uploaded_from_its_path(
    async_client: AsyncAnthropic, tmp_path: Path
) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"several words " * 300_000)

    file = await async_client.files.upload(file=path)

    assert (file.filename, file.mime_type, file.size_bytes) == (
        "notes.txt",
        "text/plain",
        4_200_000,
    )


@requirement("files:upload:names")
@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("C:\\Users\\me\\Übersicht 1.pdf", "Übersicht 1.pdf"),
        ("../../etc/passwd", "passwd"),
        ("a" * 255, "a" * 255),
        ("folder/", "unnamed.pdf"),
        ("", "unnamed.pdf"),
        (None, "unnamed.pdf"),
    ],
)
def test_a_name_is_the_last_part_of_a_path(
    http: httpx2.Client, sent: str | None, kept: str
) -> None:
    answer = http.post("/v1/files", files={"file": (sent, PDF, "application/pdf")})

    assert answer.json()["filename"] == kept, answer.text


@requirement("files:upload:refused")
@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"files": {"other": b"text"}}, "file: Field required"),
        ({"files": [("file", b"a"), ("file", b"b")]}, "file: Input should be a single file"),
        (
            {"files": {"file": b"text"}, "data": {"expires": "1"}},
            "expires: Extra inputs are not permitted",
        ),
        (
            {"files": {"file": b"text"}, "data": {"scope_id": "sesn_1"}},
            "scope_id: Extra inputs are not permitted",
        ),
        (
            {"files": {"file": ("a?.txt", b"text")}},
            "file.filename: String should not contain '?'",
        ),
        (
            {"files": {"file": ("a\x7f.txt", b"text")}},
            "file.filename: String should not contain '\\x7f'",
        ),
        (
            {"files": {"file": ("a\r\nb.txt", b"text")}},
            "file.filename: String should not contain '\\r'",
        ),
        (
            {"files": {"file": ('a".txt', b"text")}},
            "file.filename: String should not contain '\"'",
        ),
        (
            {"files": {"file": ("../..", b"text")}},
            "file.filename: Input should be the name of a file, not '..'",
        ),
        (
            {"files": {"file": (".", b"text")}},
            "file.filename: Input should be the name of a file, not '.'",
        ),
        (
            {"files": {"file": ("a" * 256, b"text")}},
            "file.filename: String should have at most 255 characters",
        ),
        (
            {"json": {"file": "text"}},
            "content-type: Input should be 'multipart/form-data' with a boundary",
        ),
        (
            {
                "content": b"--b\r\ncontent-disposition",
                "headers": {"content-type": "multipart/form-data; boundary=b"},
            },
            "The request body is not valid multipart/form-data",
        ),
        (
            {"files": {"file": b"text"}, "headers": {"content-encoding": "gzip"}},
            "Unsupported content-encoding: gzip",
        ),
    ],
    ids=lambda value: "" if isinstance(value, dict) else None,
)
def test_a_form_that_is_not_as_it_has_to_be_is_refused(
    http: httpx2.Client, form: dict[str, Any], message: str
) -> None:
    answer = http.post("/v1/files", **form)

    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert (error["type"], error["message"]) == ("invalid_request_error", message)


@requirement("files:upload:too-large")
def test_a_file_above_the_limits_is_refused(start_server: StartServer) -> None:
    limits = "[files]\nmax_file_bytes = 100000\nmax_total_bytes = 150000\n"
    server = start_server(REPLY, limits)

    with sdk_client(server.url) as client:
        with pytest.raises(
            anthropic.APIStatusError, match="Request exceeds the maximum size"
        ) as at:
            client.files.upload(file=b"a" * 100_001)
        client.files.upload(file=b"a" * 100_000)
        with pytest.raises(anthropic.BadRequestError) as full:
            client.files.upload(file=b"a" * 50_001)
        client.files.upload(file=b"a" * 50_000)

    assert at.value.status_code == 413
    assert type(full.value).__name__ == "StorageQuotaExceededError"
    assert not server.bugs()


@requirement("files:upload:purpose")
def test_a_purpose_is_accepted_and_says_nothing(
    http: httpx2.Client, hosted_http: httpx2.Client
) -> None:
    accepted, refused = (upload(each, purpose="user_data") for each in (http, hosted_http))

    assert accepted.status_code == 200, accepted.text
    assert refused.status_code == 400
    message = refused.json()["error"]["message"]
    assert message == "purpose: Extra inputs are not permitted"


@requirement("files:expiry")
def test_a_file_is_told_when_to_expire(client: Anthropic) -> None:
    for seconds in (3_600, 7_776_000):
        file = client.files.upload(file=b"text", expires_in_seconds=seconds)

        assert file.expires_at is not None
        assert file.expires_at - file.created_at == timedelta(seconds=seconds)


@requirement("files:expiry")
@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("3599", "Input should be greater than or equal to 3600"),
        ("7776001", "Input should be less than or equal to 7776000"),
        ("soon", "Input should be a valid integer, unable to parse string as an integer"),
        ("", "Input should be a valid integer, unable to parse string as an integer"),
    ],
)
def test_an_expiry_has_its_bounds(http: httpx2.Client, value: str, message: str) -> None:
    answer = upload(http, expires_in_seconds=value)

    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["message"] == f"expires_in_seconds: {message}"


@requirement("files:list")
def test_the_sdk_walks_through_all_pages(client: Anthropic, three: list[FileMetadata]) -> None:
    pages = list(client.files.list(limit=2).iter_pages())

    files = [file for page in pages for file in page.data]
    assert [file for file in files if file in three] == three
    assert [file.created_at for file in files] == sorted(
        (file.created_at for file in files), reverse=True
    )
    assert {len(page.data) for page in pages[:-1]} == {2}
    assert all((page.next_page or "page_").startswith("page_") for page in pages)


@requirement("files:list")
@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"limit": "0"}, "limit: Input should be greater than or equal to 1"),
        ({"limit": "1001"}, "limit: Input should be less than or equal to 1000"),
        ({"page": "page_none"}, "page: Input should be the next_page of a list"),
    ],
)
def test_a_page_that_is_not_there_is_refused(
    http: httpx2.Client, query: dict[str, str], message: str
) -> None:
    answer = http.get("/v1/files", params=query)

    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["message"] == message


@requirement("files:list:ids")
def test_files_are_listed_by_their_ids(client: Anthropic, three: list[FileMetadata]) -> None:
    ids = [three[2].id, UNKNOWN, three[0].id, three[0].id]

    page = client.files.list(ids=ids)

    assert page.data == [three[0], three[2]]
    assert page.next_page is None


@requirement("files:list:ids")
@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"ids[]": UNKNOWN, "limit": "5"}, "ids: Input cannot be combined with page or limit"),
        ({"ids[]": UNKNOWN, "page": "page_x"}, "ids: Input cannot be combined with page or limit"),
        (
            {"ids[]": [f"file_{number}" for number in range(101)]},
            "ids: List should have at most 100 items, not 101",
        ),
    ],
)
def test_ids_have_their_limits(http: httpx2.Client, query: dict[str, Any], message: str) -> None:
    answer = http.get("/v1/files", params=query)

    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["message"] == message


@requirement("files:list:scope")
def test_no_uploaded_file_is_in_a_scope(client: Anthropic, three: list[FileMetadata]) -> None:
    old = client.beta.files.list(scope_id="sesn_1", betas=[BETA])

    assert client.beta.files.list(scope_id="sesn_1").data == []
    assert old.to_dict() == {"data": [], "has_more": False, "first_id": None, "last_id": None}


@requirement("files:list:old")
def test_the_old_list_has_ids_as_cursors(http: httpx2.Client, three: list[FileMetadata]) -> None:
    def part(**query: Any) -> dict[str, Any]:
        answer = http.get("/v1/files", params=query, headers={"anthropic-beta": BETA})
        assert answer.status_code == 200, answer.text
        return answer.json()

    ids = [file.id for file in three]
    after, before = part(after_id=ids[0], limit=1), part(before_id=ids[2], limit=1)

    assert set(after) - set(before) == {"next_page"}
    for found in (after, before):
        assert found.keys() - {"next_page"} == {"data", "has_more", "first_id", "last_id"}
        assert found["first_id"] == found["last_id"] == ids[1]
        assert [shape_faults(BetaFileMetadata, file) for file in found["data"]] == [[]]
        assert found["has_more"] is (found is after) or found["has_more"]


@requirement("files:list:beta")
def test_todays_sdk_walks_through_all_pages_under_the_old_header(
    client: Anthropic, three: list[FileMetadata]
) -> None:
    pages = list(client.beta.files.list(limit=2, betas=[BETA]).iter_pages())

    ids = [file.id for page in pages for file in page.data]
    assert [file_id for file_id in ids if file_id in {each.id for each in three}] == [
        each.id for each in three
    ]
    assert len(set(ids)) == len(ids)
    assert ids == [file.id for file in client.files.list()]


@requirement("files:list:beta")
def test_todays_sdk_gets_files_by_their_ids_under_the_old_header(
    client: Anthropic, three: list[FileMetadata]
) -> None:
    page = client.beta.files.list(ids=[three[1].id], betas=[BETA])

    assert [file.id for file in page.data] == [three[1].id]
    assert page.next_page is None


@requirement("files:list:old")
@pytest.mark.parametrize("cursor", ["after_id", "before_id"])
def test_an_id_as_cursor_asks_for_the_old_list_without_its_header(
    http: httpx2.Client, three: list[FileMetadata], cursor: str
) -> None:
    query: dict[str, Any] = {cursor: three[1].id, "limit": 1}

    answer = http.get("/v1/files", params=query)

    wanted = three[2] if cursor == "after_id" else three[0]
    assert (answer.json()["first_id"], answer.json()["last_id"]) == (wanted.id, wanted.id)


@requirement("files:list:beta")
@pytest.mark.parametrize("headers", [{}, {"anthropic-beta": BETA}], ids=["today", "beta"])
@pytest.mark.parametrize("asked", ["ids", "page"])
@pytest.mark.parametrize("cursor", ["after_id", "before_id"])
def test_what_only_one_list_knows_is_not_asked_of_the_other(
    http: httpx2.Client, headers: dict[str, str], asked: str, cursor: str
) -> None:
    query = {asked: "page_x", cursor: UNKNOWN}

    answer = http.get("/v1/files", params=query, headers=headers)

    assert answer.status_code == 400, answer.text
    message = f"{asked}: Input cannot be combined with after_id or before_id"
    assert answer.json()["error"]["message"] == message


@requirement("files:content")
def test_an_upload_is_not_downloaded(client: Anthropic, three: list[FileMetadata]) -> None:
    with pytest.raises(anthropic.BadRequestError, match="is not downloadable") as caught:
        client.files.download(three[0].id)

    assert type(caught.value).__name__ == "FileNotDownloadableError"


@requirement("files:delete")
def test_a_deleted_file_is_gone(client: Anthropic) -> None:
    file = client.files.upload(file=b"text")

    deleted = client.files.delete(file.id)

    assert deleted.to_dict() == {"id": file.id, "type": "file_deleted"}
    for attempt in (client.files.retrieve_metadata, client.files.delete, client.files.download):
        with pytest.raises(anthropic.NotFoundError, match=f"File `{file.id}` not found."):
            attempt(file.id)
    assert client.files.list(ids=[file.id]).data == []


@requirement("files:beta")
def test_the_beta_resource_works_too(client: Anthropic) -> None:
    file = client.beta.files.upload(file=("a.txt", b"text"), expires_in_seconds=3_600)

    assert client.beta.files.retrieve_metadata(file.id) == file
    assert file.id in {each.id for each in client.beta.files.list(limit=1000)}
    assert client.beta.files.delete(file.id).type == "file_deleted"


@requirement("files:routes")
def test_every_path_has_one_route(http: httpx2.Client) -> None:
    paths = {"": "DELETE", f"/{UNKNOWN}": "POST", f"/{UNKNOWN}/content": "DELETE"}

    answers = [http.request(method, f"/v1/files{path}") for path, method in paths.items()]

    assert [answer.status_code for answer in answers] == [405] * 3
    assert http.get(f"/v1/files/{UNKNOWN}/more").status_code == 404


@requirement("files:routes")
def test_a_key_is_asked_for_as_everywhere(start_server: StartServer) -> None:
    server = start_server(REPLY, '[server]\napi_keys = ["sk-own"]\n')

    with plain_client(server.url) as http:
        for method, path in (("POST", ""), ("GET", ""), ("GET", "/x"), ("GET", "/x/content")):
            answer = http.request(method, f"/v1/files{path}", headers={"x-api-key": "other"})
            assert answer.status_code == 401, answer.text
