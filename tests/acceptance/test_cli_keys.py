"""Keys, workspaces and usage from the command line, beside a server that is running."""

import json
import re
import shlex
import subprocess
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import httpx2

from antechamber.store.database import Database, database_url
from antechamber.store.keys import change_key
from tests.acceptance.command_line import run
from tests.servers import RunningServer, running_server

_CONFIG = '[[engines]]\nname = "replies"\ntype = "scripted"\nscript = "replies.toml"\n'
_REPLIES = {"replies.toml": '[[replies]]\ntext = "You may."\n'}
_ID = re.compile(r"\b(?:apikey|wrkspc)_\w+")
_PATIENCE_S = 60.0


def _command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(*arguments, "--data-dir", str(folder / "data"), folder=folder)


def _done(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = _command(folder, *arguments)
    assert done.returncode == 0, done.stderr
    return done


def _created(folder: Path, *options: str) -> tuple[str, str]:
    """Create a key; return its id and its text."""
    made = _done(folder, "keys", "create", "--name", "first", *options)
    word, variable = shlex.split(made.stdout)
    assert word == "export"
    return _id_in(made.stderr), variable.partition("=")[2]


def _id_in(text: str) -> str:
    found = _ID.search(text)
    assert found is not None, text
    return found[0]


def _asked(server: RunningServer, key: str | None, model: str = "claude-opus-5-5") -> int:
    body = {"model": model, "max_tokens": 10, "messages": [{"role": "user", "content": "Hi"}]}
    answer = httpx2.post(f"{server.url}/v1/messages", json=body, headers=_headers(key))
    return answer.status_code


def _headers(key: str | None) -> dict[str, str]:
    return {"anthropic-version": "2023-06-01", **({"x-api-key": key} if key else {})}


def _until(condition: Callable[[], bool]) -> None:
    """Ask again and again; each question takes its time."""
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline


def test_only_the_line_for_the_shell_goes_to_standard_output(tmp_path: Path) -> None:
    made = _done(tmp_path, "keys", "create", "--name", "laptop")
    admin = _done(tmp_path, "keys", "create", "--name", "dashboard", "--admin")

    assert re.fullmatch(r"export ANTHROPIC_API_KEY=sk-ant-api03-[\w-]{95}\n", made.stdout)
    assert re.fullmatch(r"export ANTHROPIC_ADMIN_API_KEY=sk-ant-admin01-[\w-]{95}\n", admin.stdout)
    assert "shown this once" in made.stderr


def test_the_first_key_of_any_kind_says_that_the_door_is_shut(tmp_path: Path) -> None:
    admin = _done(tmp_path, "keys", "create", "--name", "dashboard", "--admin").stderr
    second = _done(tmp_path, "keys", "create", "--name", "laptop").stderr

    assert "within five seconds every request needs one" in admin
    assert "One for models: antechamber keys create" in admin
    assert "every request needs one" not in second


def test_tiers_are_refused_where_several_workers_would_count_alone(tmp_path: Path) -> None:
    """T43: in the words of ``serve``."""
    team = _id_in(_done(tmp_path, "workspaces", "create", "--name", "team").stdout)
    (tmp_path / "antechamber.toml").write_text("[server]\nworkers = 2\n")

    refused = [
        _command(tmp_path, *command, "--tier", "tier1")
        for command in (
            ("keys", "create", "--name", "first"),
            ("workspaces", "create", "--name", "first"),
            ("workspaces", "set", team),
        )
    ]

    assert [each.returncode for each in refused] == [2, 2, 2]
    assert all("redis_url" in each.stderr for each in refused)
    assert _done(tmp_path, "keys", "list", "--all").stdout == ""


def test_a_key_is_changed_and_put_out_of_use_for_a_while(tmp_path: Path) -> None:
    key, _ = _created(tmp_path, "--tier", "tier1")
    admin, _ = _created(tmp_path, "--admin")

    def listed() -> Mapping[str, object]:
        keys = json.loads(_done(tmp_path, "keys", "list", "--json").stdout)
        return next(each for each in keys if each["id"] == key)

    bounds = ("--budget", "5", "--model", "claude-haiku-4-5", "--priority", "--expires", "90d")
    _done(tmp_path, "keys", "set", key, "--name", "laptop", "--tier", "none", *bounds)
    changed = listed()
    _done(tmp_path, "keys", "set", key, "--model", "none", "--expires", "none", "--no-priority")
    _done(tmp_path, "keys", "disable", key)
    off = listed()
    _done(tmp_path, "keys", "enable", key)

    assert (changed["name"], changed["tier"], changed["priority"]) == ("laptop", None, True)
    assert changed["models"] == ["claude-haiku-4-5-20251001"]
    assert (changed["monthly_budget_usd"], bool(changed["expires_at"])) == (5.0, True)
    assert (off["models"], off["expires_at"], off["priority"]) == (None, None, False)
    assert [off["status"], listed()["status"]] == ["inactive", "active"]
    assert "asks no model" in _command(tmp_path, "keys", "set", admin, "--tier", "tier1").stderr
    assert "Nothing to set" in _command(tmp_path, "keys", "set", key).stderr


def test_a_model_that_nothing_serves_is_named(tmp_path: Path) -> None:
    made = _done(tmp_path, "keys", "create", "--name", "first", "--model", "gpt-9")
    served = _done(tmp_path, "keys", "create", "--name", "first", "--model", "claude-haiku-4-5")

    assert "no engine serves gpt-9" in made.stderr
    assert "no engine serves" not in served.stderr


def test_lists_are_of_one_workspace_and_of_none_that_is_not_there(tmp_path: Path) -> None:
    team = _id_in(_done(tmp_path, "workspaces", "create", "--name", "team").stdout)
    inside, _ = _created(tmp_path, "--workspace", team)
    outside, _ = _created(tmp_path)

    def ids(*options: str) -> set[str]:
        listed = json.loads(_done(tmp_path, "keys", "list", "--json", *options).stdout)
        return {each["id"] for each in listed}

    assert ids() == {inside, outside}
    assert ids("--workspace", team) == {inside}
    assert ids("--workspace", "default") == {outside}
    spaces = json.loads(_done(tmp_path, "workspaces", "list", "--json").stdout)
    assert [each["name"] for each in spaces] == ["team", "Default"]
    for command in ("usage", "keys list"):
        refused = _command(tmp_path, *command.split(), "--workspace", "nope")
        assert refused.returncode == 2
        assert "There is no workspace nope." in refused.stderr


def test_an_end_that_is_passed_on_is_told(tmp_path: Path) -> None:
    key, _ = _created(tmp_path, "--expires", "90d")

    inherited = _done(tmp_path, "keys", "rotate", key).stderr
    told = _done(tmp_path, "keys", "rotate", _id_in(inherited), "--expires", "none").stderr

    assert "as the old one was to" in inherited
    assert "The new one ends" not in told


def test_the_list_tells_what_a_key_may_and_never_the_key(tmp_path: Path) -> None:
    _, secret = _created(
        tmp_path, *("--model", "claude-haiku-4-5", "--budget", "20", "--tier", "tier2")
    )
    gone, _ = _created(tmp_path)
    _done(tmp_path, "keys", "revoke", gone)

    shown = _done(tmp_path, "keys", "list").stdout
    everything = _done(tmp_path, "keys", "list", "--all").stdout

    assert "claude-haiku-4-5-20251001" in shown
    assert "tier2" in shown
    assert "$20.00" in shown
    assert secret not in everything
    assert gone not in shown
    assert gone in everything
    assert "revoked" in everything
    assert "\x1b[" not in everything


def test_what_cannot_be_is_refused_in_words(tmp_path: Path) -> None:
    def refusal(*options: str) -> str:
        refused = _command(tmp_path, "keys", "create", "--name", "first", *options)
        assert refused.returncode == 2
        assert refused.stdout == ""
        return refused.stderr

    assert 'No tier is called "gold"; there are: start' in refusal("--tier", "gold")
    assert "wrkspc_none" in refusal("--workspace", "wrkspc_none")
    assert "--expires" in refusal("--expires", "2020-01-01")
    assert "--budget" in refusal("--budget", "much")
    assert "whole ids" in refusal("--model", "claude-*")
    assert "--admin" in refusal("--admin", "--priority")
    assert _command(tmp_path, "keys", "revoke", "apikey_none").returncode == 2


def test_looking_at_the_database_makes_none(tmp_path: Path) -> None:
    status = _command(tmp_path, "db", "status")

    assert status.returncode == 1
    assert "antechamber db upgrade" in status.stdout
    assert not (tmp_path / "data").exists()

    _done(tmp_path, "db", "upgrade")
    _created(tmp_path)

    assert re.search(r"keys +1 for models, 0 for ", _done(tmp_path, "db", "status").stdout)


def test_a_key_opens_at_once_and_is_shut_within_five_seconds(tmp_path: Path) -> None:
    with running_server(tmp_path, config=_CONFIG, files=_REPLIES) as server:
        before = _asked(server, None)
        key_id, key = _created(tmp_path)
        with_it = _asked(server, key)
        _until(lambda: _asked(server, None) == 401)

        _done(tmp_path, "keys", "revoke", key_id)
        _until(lambda: _asked(server, key) == 401)

        assert not server.bugs()
    assert (before, with_it) == (200, 200)


def test_a_key_is_shut_when_it_expires(tmp_path: Path) -> None:
    _created(tmp_path)
    key_id, key = _created(tmp_path, "--expires", "1d")
    with running_server(tmp_path, config=_CONFIG, files=_REPLIES) as server:
        before = _asked(server, key)
        database = Database(database_url(None, tmp_path / "data"))
        end = {"expires_at": datetime.now(UTC)}
        database.write_now(lambda it: change_key(it, key_id, end))
        database.close()

        _until(lambda: _asked(server, key) == 401)

    assert before == 200
    assert "expired" in _done(tmp_path, "keys", "list").stdout


def test_a_rotated_key_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    old_id, old = _created(tmp_path, "--model", "claude-haiku-4-5")
    with running_server(tmp_path, config=_CONFIG, files=_REPLIES) as server:
        rotated = _done(tmp_path, "keys", "rotate", old_id)
        new = shlex.split(rotated.stdout)[1].partition("=")[2]

        assert _asked(server, new, "claude-haiku-4-5") == 200
        assert _asked(server, new) == 403
        _until(lambda: _asked(server, old) == 401)


def test_a_rotated_key_may_go_on_for_a_while(tmp_path: Path) -> None:
    old_id, old = _created(tmp_path)
    with running_server(tmp_path, config=_CONFIG, files=_REPLIES) as server:
        rotated = _done(tmp_path, "keys", "rotate", old_id, "--keep-old", "24h")
        new = shlex.split(rotated.stdout)[1].partition("=")[2]

        assert [_asked(server, old), _asked(server, new)] == [200, 200]
    listed = _done(tmp_path, "keys", "list").stdout
    assert len([line for line in listed.splitlines() if "active" in line]) == 2


def test_the_keys_of_an_archived_workspace_open_nothing(tmp_path: Path) -> None:
    team = _id_in(_done(tmp_path, "workspaces", "create", "--name", "team").stdout)
    _, key = _created(tmp_path, "--workspace", team)
    _, other = _created(tmp_path)
    with running_server(tmp_path, config=_CONFIG, files=_REPLIES) as server:
        before = _asked(server, key)
        _done(tmp_path, "workspaces", "archive", team)
        _until(lambda: _asked(server, key) == 401)

        assert [before, _asked(server, other)] == [200, 200]


def test_a_key_asks_for_the_models_that_it_was_given(tmp_path: Path) -> None:
    _, key = _created(tmp_path, "--model", "claude-haiku-4-5")
    with running_server(tmp_path, config=_CONFIG, files=_REPLIES) as server:
        answers = [
            _asked(server, key, model)
            for model in ("claude-haiku-4-5", "claude-haiku-4-5-20251001", "claude-opus-5-5")
        ]

        listed = httpx2.get(f"{server.url}/v1/models?limit=1000", headers=_headers(key)).json()
        shown = [
            httpx2.get(f"{server.url}/v1/models/{model}", headers=_headers(key)).status_code
            for model in ("claude-haiku-4-5", "claude-opus-5-5")
        ]

    assert answers == [200, 200, 403]
    assert [each["id"] for each in listed["data"]] == ["claude-haiku-4-5-20251001"]
    assert shown == [200, 404]


def test_a_key_for_administration_asks_no_model(tmp_path: Path) -> None:
    _, admin = _created(tmp_path, "--admin")
    with running_server(tmp_path, config=_CONFIG, files=_REPLIES) as server:
        assert _asked(server, admin) == 401


def _usage(folder: Path, *options: str) -> Mapping[str, int]:
    told = json.loads(_done(folder, "usage", "--json", *options).stdout)
    return {each["name"]: each["requests"] for each in told}


def test_usage_is_counted_by_model_key_and_workspace(tmp_path: Path) -> None:
    team = _id_in(_done(tmp_path, "workspaces", "create", "--name", "team").stdout)
    _, key = _created(tmp_path, "--workspace", team)
    _done(tmp_path, "workspaces", "set", "default", "--budget", "5", "--tier", "tier1")
    _, other = _created(tmp_path)
    with running_server(tmp_path, config=_CONFIG, files=_REPLIES) as server:
        assert [_asked(server, key), _asked(server, other), _asked(server, other)] == [200] * 3
        _until(lambda: sum(_usage(tmp_path).values()) == 3)

    assert _usage(tmp_path, "--by", "model") == {"claude-opus-5-5": 3}
    assert _usage(tmp_path, "--by", "workspace") == {"team": 1, "Default": 2}
    assert _usage(tmp_path, "--by", "model", "--workspace", team) == {"claude-opus-5-5": 1}
    table = _done(tmp_path, "usage", "--by", "workspace").stdout.splitlines()
    assert re.split(r"  +", table[0])[:3] == ["workspace", "requests", "input"]
    assert re.split(r" +", table[-1])[:2] == ["total", "3"]
    of_keys = _done(tmp_path, "usage", "--by", "key").stdout
    assert f"{key[:16]}...{key[-4:]}" in of_keys


def test_with_a_created_key_other_machines_may_be_served(tmp_path: Path) -> None:
    _created(tmp_path)

    with running_server(
        tmp_path,
        config=_CONFIG,
        files=_REPLIES,
        options=["--host", "0.0.0.0"],  # noqa: S104 - for others, which is the point
    ) as server:
        log = server.log

    assert "one that was created" in log
    assert "x-api-key: YOUR_KEY" in log
