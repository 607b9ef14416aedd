"""An upload as a form, and broken ones made of it."""

import random

FORM = (
    b"--b0unD\r\n"
    b'Content-Disposition: form-data; name="expires_in_seconds"\r\n'
    b"\r\n"
    b"3600\r\n"
    b"--b0unD\r\n"
    b'Content-Disposition: form-data; name="file"; filename="caf\xc3\xa9.txt"\r\n'
    b"content-type: text/plain\r\n"
    b"\r\n"
    b"\r\n--b0un\r\n--b0unX\r\nall of it\r\n\r\n"
    b"--b0unD\r\n"
    b'Content-Disposition: form-data; name="purpose"\r\n'
    b"\r\n"
    b"user_data\r\n"
    b"--b0unD--\r\n"
)
"""Its boundary is ``b0unD``."""


def mutated_form(chance: random.Random) -> bytes:
    """Return the form with a few bytes of it changed, missing or added."""
    form = bytearray(FORM)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(form))
        match chance.randrange(3):
            case 0:
                form[at] = chance.randrange(256)
            case 1:
                del form[at : at + chance.randint(1, 20)]
            case _:
                form[at:at] = chance.choice(
                    [b"\r\n", b"--b0unD", b"--b0unD--", b'"', b"\0", b";", b": ", bytes(300)]
                )
    return bytes(form)
