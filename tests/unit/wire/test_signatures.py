import base64
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.wire.signatures import Signer, SigningKey, Verdict, cargo_of

OLD = SigningKey(id="00000001", secret=b"old secret")
NEW = SigningKey(id="00000002", secret=b"new secret")
KIND = "thinking"


def signer(*keys: SigningKey) -> Signer:
    numbers = count()
    return Signer(keys, lambda size: next(numbers).to_bytes(size, "big"))


@given(st.text())
def test_what_was_signed_is_ours(content: str) -> None:
    ours = signer(NEW)

    assert ours.verify(KIND, content, ours.sign(KIND, content)) is Verdict.OURS


# T23
@given(st.text(), st.text())
def test_another_content_under_our_signature_is_altered(content: str, other: str) -> None:
    ours = signer(NEW)

    verdict = ours.verify(KIND, other, ours.sign(KIND, content))

    assert verdict is (Verdict.OURS if other == content else Verdict.ALTERED)


# T23
def test_a_signature_with_one_changed_character_is_altered() -> None:
    ours = signer(NEW)
    signature = ours.sign(KIND, "Hm.")

    for at in range(8, len(signature)):
        for character in ("A" if signature[at] != "A" else "B", "!", "é"):
            changed = signature[:at] + character + signature[at + 1 :]
            # A changed key id makes it one of a key that we do not have.
            assert ours.verify(KIND, "Hm.", changed) is not Verdict.OURS
            assert at in range(8, 14) or ours.verify(KIND, "Hm.", changed) is Verdict.ALTERED


@pytest.mark.parametrize("length", [8, 9, 40, 71])
def test_a_signature_that_was_cut_is_altered(length: int) -> None:
    ours = signer(NEW)

    assert ours.verify(KIND, "Hm.", ours.sign(KIND, "Hm.")[:length]) is Verdict.ALTERED


def test_a_signature_with_something_behind_it_is_altered() -> None:
    ours = signer(NEW)

    assert ours.verify(KIND, "Hm.", ours.sign(KIND, "Hm.") + "AAAA") is Verdict.ALTERED


def test_a_signature_of_another_kind_is_altered() -> None:
    ours = signer(NEW)

    assert ours.verify("compaction", "Hm.", ours.sign(KIND, "Hm.")) is Verdict.ALTERED


@pytest.mark.parametrize(
    "signature",
    ["", "x", "EqoBCkgIARABGAIiQL8s", "null", "ÿ", base64.b64encode(b"\x0aANTF\x01" * 9).decode()],
)
def test_what_others_made_is_foreign(signature: str) -> None:
    assert signer(NEW).verify(KIND, "Hm.", signature) is Verdict.FOREIGN


def test_a_former_key_still_verifies() -> None:
    signature = signer(OLD).sign(KIND, "Hm.")

    assert signer(NEW, OLD).verify(KIND, "Hm.", signature) is Verdict.OURS


def test_what_a_key_signed_that_is_gone_is_foreign() -> None:
    signature = signer(OLD).sign(KIND, "Hm.")

    assert signer(NEW).verify(KIND, "Hm.", signature) is Verdict.FOREIGN


def test_the_first_key_signs() -> None:
    signature = signer(NEW, OLD).sign(KIND, "Hm.")

    assert signer(NEW).verify(KIND, "Hm.", signature) is Verdict.OURS


def test_a_key_of_the_same_id_with_another_secret_does_not_verify() -> None:
    signature = signer(SigningKey(id=NEW.id, secret=b"another")).sign(KIND, "Hm.")

    assert signer(NEW).verify(KIND, "Hm.", signature) is Verdict.ALTERED


def test_two_equal_thoughts_have_different_signatures() -> None:
    ours = signer(NEW)

    assert ours.sign(KIND, "Hm.") != ours.sign(KIND, "Hm.")


def test_a_hidden_thought_has_a_signature_too() -> None:
    ours = signer(NEW)

    assert ours.verify(KIND, "", ours.sign(KIND, "")) is Verdict.OURS


def test_half_characters_are_verified_like_others() -> None:
    ours = signer(NEW)

    assert ours.verify(KIND, "\ud83d", ours.sign(KIND, "x")) is Verdict.ALTERED


def test_a_signer_needs_a_key() -> None:
    with pytest.raises(ValueError, match="at least one key"):
        signer()


@pytest.mark.parametrize("key_id", ["", "01", "0000000102", "xyz"])
def test_the_id_of_a_key_has_eight_digits(key_id: str) -> None:
    with pytest.raises(ValueError, match="hexadecimal"):
        signer(SigningKey(id=key_id, secret=b"secret"))


def test_a_key_does_not_show_its_secret() -> None:
    assert "secret" not in repr(NEW).replace("secret=", "")


@given(st.text(), st.binary())
def test_the_cargo_of_a_signature_can_be_read_back(content: str, cargo: bytes) -> None:
    signature = signer(NEW).sign(KIND, content, cargo)

    assert cargo_of(signature) == cargo
    assert signer(NEW).verify(KIND, content, signature) is Verdict.OURS


@pytest.mark.parametrize("signature", ["", "EqQBCkYIBRgCKkD", "CkFOVEUB", "CkFOVEUB!"])
def test_what_is_no_signature_of_ours_has_no_cargo(signature: str) -> None:
    assert cargo_of(signature) == b""
