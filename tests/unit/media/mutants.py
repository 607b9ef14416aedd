"""Images and PDFs that are broken in every way that comes to mind, always the same ones."""

import io
import random
import re
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping

from PIL import Image, ImageDraw

from tests.prepared_documents import FILLER, pdf_of, scanned, written
from tests.unit.media.images import extended, gif

Chance = random.Random


def picture(mode: str = "RGB", side: int = 96) -> Image.Image:
    """Return a picture with something on it."""
    image = Image.radial_gradient("L").resize((side, side * 2 // 3)).convert("RGB")
    ImageDraw.Draw(image).line((0, 0, side, side), "red", 3)
    if mode == "RGBA":
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image.convert(mode)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """Return the image as a file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def images() -> Mapping[str, bytes]:
    """Return an image of each kind that the formats have."""
    frames = [picture().rotate(angle) for angle in (30, 60)]
    moving = {"save_all": True, "append_images": frames}
    return {
        "png": saved(picture(), "PNG"),
        "png with transparency": saved(picture("RGBA"), "PNG"),
        "png with a palette": saved(picture("P"), "PNG", transparency=3),
        "png of grey": saved(picture("L"), "PNG"),
        "moving png": saved(picture(), "PNG", **moving),
        "jpeg": saved(picture(), "JPEG", quality=80),
        "progressive jpeg": saved(picture(), "JPEG", progressive=True),
        "jpeg for print": saved(picture("CMYK"), "JPEG"),
        "gif": saved(picture("P"), "GIF"),
        "moving gif": saved(picture("P"), "GIF", **moving),
        "webp": saved(picture(), "WEBP", quality=70),
        "webp without loss": saved(picture("RGBA"), "WEBP", lossless=True),
        "moving webp": saved(picture(), "WEBP", **moving),
    }


def pdfs() -> Mapping[str, bytes]:
    """Return PDFs of several makers' kinds."""
    text = written("Minutes", FILLER)
    with text.table() as table:
        table.row(("Part", "Number"))
        table.row(("Bolt", "412"))
    encrypted = written(FILLER)
    encrypted.set_encryption("owner", user_password="")
    plain = written(FILLER, pdf=written("Uncompressed", FILLER))
    plain.set_compression(False)
    (sheet,) = scanned(written("Scan", FILLER), degrees=1, seed=1)
    return {
        "text": bytes(text.output()),
        "plain": bytes(plain.output()),
        "encrypted": bytes(encrypted.output()),
        "scan": pdf_of([sheet.resize((413, 585))]),
        "form": FORM,
    }


def pdf_with(*objects: bytes) -> bytes:
    """Return a PDF of these objects, the first of which is its root."""
    data, places = b"%PDF-1.7\n", list[int]()
    for number, each in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    return data + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer << /Root 1 0 R /Size %d >>\n"
        b"startxref\n%d\n%%%%EOF" % (count, table, count, len(data))
    )


def stream(content: bytes, more: bytes = b"") -> bytes:
    """Return a stream, as an object of a PDF."""
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(content), more, content)


def packed(content: bytes, *, copies: int = 1, times: int = 1, more: bytes = b"") -> bytes:
    """Return a stream of so many copies, compressed so many times."""
    compressor = zlib.compressobj(9)
    data = b"".join(compressor.compress(content) for _ in range(copies)) + compressor.flush()
    for _ in range(times - 1):
        data = zlib.compress(data, 9)
    return stream(data, b"/Filter [%s] %s" % (b"/FlateDecode " * times, more))


CATALOG, PAGES = b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
PAGE = (
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 300] /Contents 5 0 R "
    b"/Resources << /Font << /F 4 0 R >> /XObject << /X 6 0 R >> >> >>"
)
FORM = pdf_with(
    CATALOG.replace(b" >>", b" /AcroForm << /Fields [6 0 R] >> >>"),
    PAGES,
    PAGE.replace(b"/Contents", b"/Annots [6 0 R] /Contents"),
    FONT,
    stream(b"BT /F 12 Tf 20 200 Td (Name of the applicant) Tj ET"),
    b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (Ines) /F 4 "
    b"/Rect [180 195 380 215] /AP << /N 7 0 R >> >>",
    stream(
        b"BT /F 12 Tf 2 5 Td (Ines Castellanos) Tj ET",
        b"/Type /XObject /Subtype /Form /BBox [0 0 200 20] /Resources << /Font << /F 4 0 R >> >>",
    ),
)


def image_bombs() -> Mapping[str, bytes]:
    """Return small files that say that they are large images, or become such."""
    large = Image.new("1", (7_900, 7_900))
    return {
        "png of 50,000 squared": _png_bomb(50_000, 50_000),
        "png of 2 billion squared": _png_bomb(2**31 - 1, 2**31 - 1),
        "png of 8,001 by 1": _png_bomb(8_001, 1),
        "png as large as allowed": saved(large, "PNG"),
        "jpeg as large as allowed": saved(large.convert("L"), "JPEG"),
        "webp of 16 million squared": extended(2**24 - 1, 2**24 - 1) + bytes(200),
        "gif of 65,535 squared": gif(65_535, 65_535),
        "gif with a frame that is larger than itself": _gif_with_frame(60_000, 60_000),
        "gif with a frame that is somewhat larger": _gif_with_frame(9_900, 9_900),
        "png with texts that grow": _png_with_texts(),
    }


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _png_bomb(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1 << 24), 9)
    chunks = _chunk(b"IHDR", head) + _chunk(b"IDAT", data) * 20 + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _png_with_texts() -> bytes:
    text = _chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(1 << 24), 9)) * 40
    whole = saved(picture(), "PNG")
    return whole[:33] + text + whole[33:]


def _gif_with_frame(width: int, height: int) -> bytes:
    whole = bytearray(saved(picture("P"), "GIF"))
    frame = whole.index(b"\x2c\0\0\0\0")
    struct.pack_into("<HH", whole, frame + 5, width, height)
    return bytes(whole)


def page_tree_bombs() -> Mapping[str, bytes]:
    """Return PDFs whose pages are too many, none, or go round in circles."""
    return {
        "a million pages, it says": pdf_with(CATALOG, PAGES.replace(b" 1 ", b" 1000000 "), PAGE),
        "a million pages of one": pdf_with(
            CATALOG,
            b"<< /Type /Pages /Count 1000000 /Kids [%s] >>" % (b"3 0 R " * 1_000),
            b"<< /Type /Pages /Parent 2 0 R /Count 1000 /Kids [%s] >>" % (b"4 0 R " * 1_000),
            b"<< /Type /Page /Parent 3 0 R /MediaBox [0 0 9 9] >>",
        ),
        "a tree in itself": pdf_with(CATALOG, PAGES.replace(b"3 0", b"2 0")),
        "no pages": pdf_with(CATALOG, b"<< /Type /Pages /Kids [] /Count 0 >>"),
        "a page that is not there": pdf_with(CATALOG, PAGES),
    }


def pdf_bombs() -> Mapping[str, bytes]:
    """Return small PDFs that grow, or are drawn for ever."""
    page = (CATALOG, PAGES, PAGE, FONT)
    words = b"BT /F 12 Tf 1 1 Td (bomb) Tj ET " * 1_000
    rows = b"".join(b"BT /F 1 Tf %d %d Td (a) Tj ET " % (x % 400, x // 400) for x in range(90_000))
    huge = b"/Type /XObject /Subtype /Image /Width 50000 /Height 50000 "
    huge += b"/ColorSpace /DeviceRGB /BitsPerComponent 8"
    itself = b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] "
    itself += b"/Resources << /XObject << /X 6 0 R >> >>"
    empty = (FONT, stream(b"0 0 1 1 re f"))
    return {
        "words without end": pdf_with(*page, packed(words, copies=1_500)),
        "letters all over": pdf_with(*page, packed(rows)),
        "letters all over a form": FORM.replace(b"(Name of the applicant) Tj ET", rows),
        "a gigabyte of blanks": pdf_with(*page, packed(b" " * 2**20, copies=1_024, times=2)),
        "an image of 50,000 squared": pdf_with(
            *page,
            stream(b"q 400 0 0 300 0 0 cm /X Do Q"),
            packed(bytes(2**20), copies=128, more=huge),
        ),
        "a form in itself": pdf_with(*page, stream(b"/X Do"), stream(b"/X Do /X Do", itself)),
        "arrays in arrays": pdf_with(CATALOG, PAGES, PAGE, b"[" * 300_000),
        "brackets in what is drawn": pdf_with(*page, packed(b"[" * 1_000, copies=3_000)),
        "states on states": pdf_with(*page, packed(b"q " * 1_000, copies=3_000)),
        "a page without size": pdf_with(
            CATALOG, PAGES, PAGE.replace(b"0 0 400 300", b"0 0 0 0"), *empty
        ),
        "a page of astronomic size": pdf_with(
            CATALOG, PAGES, PAGE.replace(b"400 300", b"4e30 3e-30"), *empty
        ),
        "a thread of a page": pdf_with(CATALOG, PAGES, PAGE.replace(b"400 300", b"1 1e9"), *empty),
        "a table that is its own predecessor": re.sub(
            rb"/Size (\d+)", rb"/Size \1 /Prev 9", pdf_with(*page)
        ),
        "letters without size": pdf_with(
            *page, stream(b"BT /F 0 Tf (a  b) Tj 1e38 0 0 1e38 0 0 cm /F 1e38 Tf (a  b) Tj ET")
        ),
    }


def mutants(seeds: Mapping[str, bytes], count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield so many broken files, made of these in turn."""
    chance = Chance(seed)
    names = sorted(seeds)
    for number in range(count):
        name = names[number % len(names)]
        data = seeds[name]
        for _ in range(chance.choice((1, 1, 1, 2, 5))):
            data = chance.choice(_WAYS)(chance, data, seeds[chance.choice(names)])
        yield f"{name} {number}", data


def _cut_short(chance: Chance, data: bytes, _: bytes) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _flip(chance: Chance, data: bytes, _: bytes) -> bytes:
    broken = bytearray(data)
    for _bit in range(chance.choice((1, 3, 30)) if broken else 0):
        broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
    return bytes(broken)


def _overwrite(chance: Chance, data: bytes, _: bytes) -> bytes:
    place = chance.randrange(len(data) + 1)
    length = chance.choice((1, 2, 4, 64))
    filling = chance.choice((b"\0", b"\xff", b"\x80", chance.randbytes(1))) * length
    return data[:place] + filling + data[place + length :]


def _lengthen(chance: Chance, data: bytes, _: bytes) -> bytes:
    place, end = sorted((chance.randrange(len(data) + 1), chance.randrange(len(data) + 1)))
    return data[:end] + data[place:end] * chance.choice((1, 2, 20)) + data[end:]


def _leave_out(chance: Chance, data: bytes, _: bytes) -> bytes:
    place = chance.randrange(len(data) + 1)
    return data[:place] + data[place + chance.choice((1, 8, 200)) :]


def _splice(chance: Chance, data: bytes, other: bytes) -> bytes:
    return data[: chance.randrange(len(data) + 1)] + other[chance.randrange(len(other) + 1) :]


def _nest(chance: Chance, data: bytes, other: bytes) -> bytes:
    place = chance.randrange(len(data) + 1)
    return data[:place] + other + data[place:]


def _change_head(chance: Chance, data: bytes, _: bytes) -> bytes:
    """Where images have their sizes."""
    place = chance.randrange(4, 34)
    number = chance.choice((0, 1, 2**15, 2**16 - 1, 2**31 - 1, 2**32 - 1, chance.getrandbits(32)))
    return data[:place] + struct.pack(chance.choice("<>") + "I", number) + data[place + 4 :]


def _change_number(chance: Chance, data: bytes, _: bytes) -> bytes:
    """Where PDFs have their counts, sizes and places."""
    found = list(re.finditer(rb"\d+", data))
    if not found:
        return data
    number = chance.choice((b"0", b"-1", b"1", b"65536", b"2147483648", b"99999999999999999999"))
    chosen = chance.choice(found)
    return data[: chosen.start()] + number + data[chosen.end() :]


_WAYS: tuple[Callable[[Chance, bytes, bytes], bytes], ...] = (
    _cut_short,
    _flip,
    _overwrite,
    _lengthen,
    _leave_out,
    _splice,
    _nest,
    _change_head,
    _change_number,
)
