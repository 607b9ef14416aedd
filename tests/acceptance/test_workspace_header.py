"""The header that names a workspace: under hosted fidelity it has to be the one of the key."""

from pathlib import Path

import pytest
from anthropic import Anthropic, BadRequestError

from antechamber.store.database import Database, database_url
from tests.acceptance.made_keys import made_key, made_workspace
from tests.servers import running_server

_CONFIG = """
fidelity = "{fidelity}"

[server]
api_keys = ["sk-own"]

[[engines]]
name = "play"
type = "scripted"
script = "replies.toml"
"""
_REPLIES = {"replies.toml": '[[replies]]\ntext = "Hello there"\n'}
_REFUSAL = "anthropic-workspace-id: Input should be the workspace that the key belongs to"


def accepts(url: str, key: str, workspace_id: str) -> bool:
    headers = {"anthropic-workspace-id": workspace_id}
    with Anthropic(base_url=url, api_key=key, max_retries=0, default_headers=headers) as client:
        try:
            client.models.list()
        except BadRequestError as error:
            assert _REFUSAL in str(error)
            return False
        return True


@pytest.mark.parametrize("fidelity", ["lenient", "hosted"])
def test_another_workspace_than_that_of_the_key_is_refused_under_hosted_alone(
    tmp_path: Path, fidelity: str
) -> None:
    config = _CONFIG.format(fidelity=fidelity)
    with running_server(tmp_path, config=config, files=_REPLIES) as server:
        database = Database(database_url(None, tmp_path / "data"))
        team, other = made_workspace(database), made_workspace(database)
        key = made_key(database, workspace_id=team)[1]
        database.close()

        assert all(
            accepts(server.url, *each) for each in ((key, team), (key, ""), ("sk-own", "default"))
        )
        for each in ((key, other), (key, "default"), ("sk-own", team)):
            assert accepts(server.url, *each) is (fidelity == "lenient"), each
