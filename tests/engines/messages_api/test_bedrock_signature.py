"""Signatures are checked as AWS checks them: computed again from what came over the wire."""

import asyncio
import hmac
import json
import os
import re
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from antechamber.engines.messages_api.aws_signature import AwsSignature
from antechamber.engines.messages_api.bedrock import BedrockHost
from antechamber.wire.errors import EngineRefusesUs
from tests.engines.messages_api.cloud import CATALOGUE, HELLO, Asked, Cloud, ordered

KEY, SECRET, REGION = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "eu-west-3"
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<scope>\S+), "
    r"SignedHeaders=(?P<signed>\S+), Signature=(?P<signature>[0-9a-f]{64})"
)


def host(cloud: Cloud, authentication: AwsSignature) -> BedrockHost:
    return BedrockHost(REGION, authentication, canonical=CATALOGUE.canonical, base_url=cloud.url)


def is_signed(asked: Asked, cloud: Cloud, secret: str = SECRET) -> bool:
    told = _AUTHORIZATION.fullmatch(asked.headers["authorization"])
    assert told is not None
    assert told["scope"] == f"{asked.headers['x-amz-date'][:8]}/{REGION}/bedrock/aws4_request"
    signed = {name: asked.headers[name] for name in told["signed"].split(";")}
    assert {"host", "x-amz-date"} <= set(signed)
    request = AWSRequest(
        method=asked.method, url=cloud.url + asked.path, headers=signed, data=asked.body
    )
    request.context["timestamp"] = asked.headers["x-amz-date"]
    signer = SigV4Auth(Credentials(told["key"], secret), "bedrock", REGION)
    to_sign = signer.string_to_sign(request, signer.canonical_request(request))
    return hmac.compare_digest(signer.signature(to_sign, request), told["signature"])


@pytest.fixture(autouse=True)
def nobody_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Leave botocore's chain with what a test gives it."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


@pytest.mark.parametrize(
    "model",
    [
        "us.anthropic.claude-haiku-4-5-20251001-v1:0",
        "arn:aws:bedrock:us-east-1:1:application-inference-profile/ab c;x+é~%3A",
    ],
)
async def test_a_signature_holds_for_what_goes_over_the_wire(cloud: Cloud, model: str) -> None:
    signature = AwsSignature(REGION, credentials=Credentials(KEY, SECRET, "session token"))

    await cloud.relay(host(cloud, signature), ordered(model=model))

    assert is_signed(cloud.asked[0], cloud)
    assert not is_signed(cloud.asked[0], cloud, secret="another")
    assert cloud.asked[0].headers["x-amz-security-token"] == "session token"
    assert "x-amz-security-token" in cloud.asked[0].headers["authorization"]


async def test_streams_and_counts_are_signed_too(cloud: Cloud) -> None:
    signature = AwsSignature(REGION, credentials=Credentials(KEY, SECRET))
    cloud.pieces = ()
    await cloud.relay(host(cloud, signature), ordered({**HELLO, "stream": True}))
    cloud.pieces = (b'{"inputTokens":1}',)
    await cloud.relay(host(cloud, signature), ordered(counts=True))

    assert [is_signed(asked, cloud) for asked in cloud.asked] == [True, True]
    assert [asked.path.rpartition("/")[2] for asked in cloud.asked] == [
        "invoke-with-response-stream",
        "count-tokens",
    ]


async def test_credentials_come_from_the_default_chain(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)

    await cloud.relay(host(cloud, AwsSignature(REGION)), ordered())

    assert is_signed(cloud.asked[0], cloud)


async def test_a_profile_is_taken_by_its_name(cloud: Cloud, tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text(
        f"[work]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n"
    )

    await cloud.relay(host(cloud, AwsSignature(REGION, profile="work")), ordered())

    assert is_signed(cloud.asked[0], cloud)


async def test_credentials_that_run_out_are_fetched_again(cloud: Cloud, tmp_path: Path) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=30)).isoformat()
    told = {"Version": 1, "AccessKeyId": "KEY$N", "SecretAccessKey": SECRET, "Expiration": soon}
    script = tmp_path / "fetch"
    script.write_text(
        f"#!/bin/sh\nN=$(cat {tmp_path}/n 2>/dev/null || echo 0)\nN=$((N + 1))\n"
        f"echo $N > {tmp_path}/n\ncat <<END\n{json.dumps(told)}\nEND\n"
    )
    script.chmod(stat.S_IRWXU)
    (tmp_path / "config").write_text(f"[default]\ncredential_process = {script}\n")
    bedrock = host(cloud, AwsSignature(REGION))

    await cloud.relay(bedrock, ordered())
    await cloud.relay(bedrock, ordered())

    first, second = (asked.headers["authorization"].split("/")[0] for asked in cloud.asked)
    assert first != second
    assert all(is_signed(asked, cloud) for asked in cloud.asked)


@pytest.mark.parametrize("process", ["/no/such/program", "echo no JSON", "false"])
async def test_a_process_that_gives_no_credentials_is_told(
    cloud: Cloud, tmp_path: Path, process: str
) -> None:
    (tmp_path / "config").write_text(f"[default]\ncredential_process = {process}\n")

    with pytest.raises(EngineRefusesUs, match="No AWS credentials could be had"):
        await cloud.relay(host(cloud, AwsSignature(REGION)), ordered())


async def test_without_credentials_nothing_is_sent(cloud: Cloud) -> None:
    with pytest.raises(EngineRefusesUs, match="No AWS credentials"):
        await cloud.relay(host(cloud, AwsSignature(REGION)), ordered())

    assert cloud.asked == []


async def test_a_profile_that_nobody_has_is_told(cloud: Cloud) -> None:
    with pytest.raises(EngineRefusesUs, match="missing-profile"):
        await cloud.relay(host(cloud, AwsSignature(REGION, profile="missing-profile")), ordered())


class Process:
    """A program that gives credentials; from its run ``waits_from`` on it waits before it does."""

    def __init__(self, folder: Path, *, runs_out: timedelta, waits_from: int) -> None:
        ends = (datetime.now(UTC) + runs_out).isoformat()
        told = {"Version": 1, "AccessKeyId": "KEY$N", "SecretAccessKey": SECRET, "Expiration": ends}
        self._count, self._gate = folder / "n", folder / "gate"
        os.mkfifo(self._gate)
        script = folder / "fetch"
        script.write_text(
            f"#!/bin/sh\necho >> {self._count}\nN=$(wc -l < {self._count})\n"
            f"[ $N -lt {waits_from} ] || cat {self._gate}\n"
            f"cat <<END\n{json.dumps(told)}\nEND\n"
        )
        script.chmod(stat.S_IRWXU)
        (folder / "config").write_text(f"[default]\ncredential_process = {script}\n")

    @property
    def runs(self) -> int:
        return len(self._count.read_text())

    async def end(self) -> None:
        """Let the one that waits give its credentials."""
        # Opening waits for the reader.
        await asyncio.to_thread(self._gate.write_bytes, b"")


async def test_a_process_that_hangs_holds_up_nobody_else(tmp_path: Path) -> None:
    process = Process(tmp_path, runs_out=timedelta(hours=1), waits_from=1)
    signature = AwsSignature(REGION)

    waiting = [asyncio.ensure_future(signature.headers("https://x/y", b"")) for _ in range(50)]
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        await asyncio.get_running_loop().getaddrinfo("localhost", 80)
        await process.end()
        told = await asyncio.gather(*waiting)

    assert {headers["authorization"].split("/")[0] for headers in told} == {
        "AWS4-HMAC-SHA256 Credential=KEY1"
    }
    assert process.runs == 1


async def test_credentials_are_renewed_beside_requests_while_they_are_good(tmp_path: Path) -> None:
    # What is about to run out when it comes is fetched twice by botocore.
    process = Process(tmp_path, runs_out=timedelta(minutes=12), waits_from=3)
    signature = AwsSignature(REGION)

    async with asyncio.timeout(30):
        told = [await signature.headers("https://x/y", b"") for _ in range(5)]
        renewing = signature._fetching.begin()
        await process.end()
        renewed = await renewing

    assert all("Credential=KEY2/" in headers["authorization"] for headers in told)
    assert renewed.access_key == "KEY3"
    assert process.runs == 3
