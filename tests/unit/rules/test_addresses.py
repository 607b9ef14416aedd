"""Which addresses images and documents may be fetched from, and how others are refused."""

import pytest

from antechamber.rules.addresses import is_public
from tests.unit.rules.requests import (
    Asked,
    Fields,
    assistant,
    call,
    refusal,
    refusal_of_count,
    result,
    user,
    words,
)

METADATA = "http://169.254.169.254/latest/meta-data/"
NOT_PUBLIC = "Input should be a public web address"


def image(url: str) -> Fields:
    return {"type": "image", "source": {"type": "url", "url": url}}


def pdf(url: str) -> Fields:
    return {"type": "document", "source": {"type": "url", "url": url}}


def asking_for(url: str) -> Fields:
    return {"messages": [user("Look:", image(url))]}


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/a.png",
        "http://example.com:8080/a.png?size=1#top",
        "HTTPS://EXAMPLE.COM/a.png",
        "https://example.com",
        "https://example.com./a.png",
        "https://user:word@example.com/a.png",
        "https://example.com/a@b.png",
        "https://a_b.example.co.uk/a b.png",
        "https://bücher.example/a.png",
        "https://例え\u3002jp/a.png",
        "https://www.example.भारत/a.png",
        "https://คู่มือ.ไทย/",
        "https://localhost.example.com/a.png",
        "https://xn--e1afmkfd.example/0x7f",
        "https://8.8.8.8/a.png",
        "https://1.example.com/a.png",
        "https://[2606:4700::1111]:443/a.png",
    ],
)
def test_an_address_of_the_web_is_public(url: str) -> None:
    assert is_public(url)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(METADATA, id="link-local"),
        pytest.param("http://127.0.0.1/", id="loopback"),
        pytest.param("http://10.0.0.1:8080/admin", id="private"),
        pytest.param("http://172.16.0.1/", id="private, 172.16"),
        pytest.param("http://192.168.1.1/", id="private, 192.168"),
        pytest.param("http://100.100.100.200/", id="shared by carriers"),
        pytest.param("http://0.0.0.0/", id="unspecified"),
        pytest.param("http://224.0.0.1/", id="multicast"),
        pytest.param("http://255.255.255.255/", id="broadcast"),
        pytest.param("http://168.63.129.16/", id="a cloud's host by a public number"),
        pytest.param("http://2130706433/", id="decimal"),
        pytest.param("http://0x7f000001/", id="hexadecimal"),
        pytest.param("http://0X7F.1/", id="hexadecimal and short"),
        pytest.param("http://0177.0.0.1/", id="octal"),
        pytest.param("http://010.0.0.1/", id="octal to some, decimal to others"),
        pytest.param("http://127.1/", id="short"),
        pytest.param("http://127.0.0.1./", id="trailing dot"),
        "https://kubernetes.default.svc/a.png",
        "https://x.consul/",
        pytest.param("http://127.0.0.1../", id="two of them"),
        pytest.param("http://%31%32%37.0.0.1/", id="percent signs"),
        pytest.param("http://\uff11\uff12\uff17.\uff10.\uff10.\uff11/", id="wide digits"),
        pytest.param("http://127\u30020\u30020\u30021/", id="ideographic full stops"),
        pytest.param("http://127.0.0.1\u00ad/", id="a character that is dropped"),
        pytest.param("http://[::1]/", id="IPv6 loopback"),
        pytest.param("http://[::]/", id="IPv6 unspecified"),
        pytest.param("http://[fe80::1%25eth0]/", id="IPv6 link-local with its interface"),
        pytest.param("http://[fd00:ec2::254]/", id="IPv6 private"),
        pytest.param("http://[ff02::1]/", id="IPv6 multicast"),
        pytest.param("http://[::ffff:169.254.169.254]/", id="IPv4-mapped"),
        pytest.param("http://[::ffff:7f00:1]/", id="IPv4-mapped in hexadecimal"),
        pytest.param("http://[::127.0.0.1]/", id="IPv4-compatible"),
        pytest.param("http://[64:ff9b::a9fe:a9fe]/", id="translated to IPv4"),
        pytest.param("http://[2002:7f00:1::]/", id="6to4"),
        pytest.param("http://[::1/", id="half a bracket"),
        pytest.param("http://localhost:8787/", id="localhost"),
        pytest.param("http://LOCALHOST./", id="localhost with a dot"),
        pytest.param("http://app.localhost/", id="below localhost"),
        pytest.param("http://printer.local/", id="local"),
        pytest.param("http://metadata.google.internal/", id="internal"),
        pytest.param("http://api.default.svc.cluster.local/", id="a service of a cluster"),
        pytest.param("http://redis:6379/", id="a name without a dot"),
        pytest.param("http://example.com@127.0.0.1/", id="behind a user"),
        pytest.param("http://127.0.0.1\\@example.com/", id="before a backslash"),
        pytest.param("http://a@example.com@127.0.0.1/", id="two users"),
        pytest.param("http://127.0.0.1:80:80/", id="two ports"),
        pytest.param("http://127.0.\t0.1/", id="a tab, which many leave out"),
        pytest.param("http:///127.0.0.1/", id="three slashes"),
        pytest.param("http://", id="no host"),
        pytest.param(f"http://{'a.' * 200}com/", id="longer than a name can be"),
        pytest.param("http://[]/", id="empty brackets"),
    ],
)
def test_an_address_that_leads_or_might_lead_into_a_private_network_is_not_public(url: str) -> None:
    assert not is_public(url)
    assert words(refusal(Asked(), **asking_for(url))) == (
        f"messages.0.content.1.image.source.url.url: {NOT_PUBLIC}"
    )


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.com/a.png",
        "gopher://example.com:70/_x",
        "data:image/png;base64,AAAA",
        "//example.com/a.png",
        "/etc/passwd",
        " https://example.com/a.png",
        "https:example.com",
        "",
    ],
)
def test_other_schemes_are_refused_in_the_published_words(url: str) -> None:
    for asked in (Asked(), Asked(private_addresses=True), Asked(fidelity="hosted")):
        assert words(refusal(asked, **asking_for(url))) == "Only HTTPS URLs are supported."


def test_plain_http_is_what_the_hosted_api_alone_refuses() -> None:
    plain = asking_for("http://example.com/a.png")

    assert words(refusal(Asked(), **plain)) is None
    assert words(refusal(Asked(fidelity="hosted"), **plain)) == "Only HTTPS URLs are supported."


def test_a_private_address_is_refused_wherever_it_stands() -> None:
    inside = {"type": "document", "source": {"type": "content", "content": [image(METADATA)]}}
    places: list[tuple[list[Fields], str]] = [
        ([user(pdf(METADATA))], "messages.0.content.0.document.source.url.url"),
        (
            [user(inside)],
            "messages.0.content.0.document.source.content.content.0.image.source.url.url",
        ),
        (
            [user("Hi"), assistant(call()), user(result(content=[image(METADATA)]))],
            "messages.2.content.0.tool_result.content.0.image.source.url.url",
        ),
    ]

    for messages, path in places:
        expected = f"{path}: {NOT_PUBLIC}"
        assert words(refusal(Asked(), messages=messages)) == expected
        assert words(refusal_of_count(Asked(), messages=messages)) == expected


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(Asked(private_addresses=True), id="where the operator allows them"),
    ],
)
def test_private_addresses_pass(asked: Asked) -> None:
    assert words(refusal(asked, **asking_for(METADATA))) is None
    assert words(refusal_of_count(asked, **asking_for(METADATA))) is None
