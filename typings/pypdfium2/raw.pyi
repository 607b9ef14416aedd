from pypdfium2 import PdfPage, PdfTextPage

FLAT_NORMALDISPLAY: int
FORMTYPE_NONE: int
FPDF_ERR_PASSWORD: int
FPDF_ERR_SECURITY: int
FPDF_PAGEOBJ_IMAGE: int

class FPDF_DOCUMENT:  # noqa: N801
    def __bool__(self) -> bool: ...

def FPDF_GetLastError() -> int: ...  # noqa: N802
def FPDF_LoadMemDocument64(  # noqa: N802
    data_buf: bytes, size: int, password: bytes | None
) -> FPDF_DOCUMENT: ...
def FPDFPage_Flatten(page: PdfPage, flag: int) -> int: ...  # noqa: N802
def FPDFText_GetUnicode(text_page: PdfTextPage, index: int) -> int: ...  # noqa: N802
