"""What code, shell and editor did in the container, as a request repeats it.

Limits and error codes: OpenAPI 2026-08 and SDK 2.12, the wider of the two.
"""

from typing import Annotated, Literal

from pydantic import Field

from antechamber.wire.shape import Items, WireModel
from antechamber.wire.tool_calls import ExecutionFault, ServerToolResult


class CodeExecutionOutputBlock(WireModel):
    """A file that the code left behind."""

    type: Literal["code_execution_output"]
    file_id: str


class CodeExecutionResultBlock(WireModel):
    """How the code ended."""

    type: Literal["code_execution_result"]
    return_code: int
    stdout: str
    stderr: str
    content: Items[CodeExecutionOutputBlock]


class EncryptedCodeExecutionResultBlock(WireModel):
    """How the code ended; what it printed is encrypted."""

    type: Literal["encrypted_code_execution_result"]
    return_code: int
    encrypted_stdout: str
    stderr: str
    content: Items[CodeExecutionOutputBlock]


class CodeExecutionToolResultError(WireModel):
    """Why the code did not run."""

    type: Literal["code_execution_tool_result_error"]
    error_code: ExecutionFault


class CodeExecutionToolResultBlock(ServerToolResult):
    """The result of Python code."""

    type: Literal["code_execution_tool_result"]
    content: Annotated[
        CodeExecutionResultBlock | EncryptedCodeExecutionResultBlock | CodeExecutionToolResultError,
        Field(discriminator="type"),
    ]


class BashCodeExecutionOutputBlock(WireModel):
    """A file that the command left behind."""

    type: Literal["bash_code_execution_output"]
    file_id: str


class BashCodeExecutionResultBlock(WireModel):
    """How the command ended."""

    type: Literal["bash_code_execution_result"]
    return_code: int
    stdout: str
    stderr: str
    content: Items[BashCodeExecutionOutputBlock]


class BashCodeExecutionToolResultError(WireModel):
    """Why the command did not run."""

    type: Literal["bash_code_execution_tool_result_error"]
    error_code: ExecutionFault | Literal["output_file_too_large"]


class BashCodeExecutionToolResultBlock(ServerToolResult):
    """The result of a shell command."""

    type: Literal["bash_code_execution_tool_result"]
    content: Annotated[
        BashCodeExecutionResultBlock | BashCodeExecutionToolResultError,
        Field(discriminator="type"),
    ]


class TextEditorCodeExecutionViewResultBlock(WireModel):
    """What a file holds."""

    type: Literal["text_editor_code_execution_view_result"]
    file_type: Literal["text", "image", "pdf"]
    content: str
    num_lines: int | None = None
    start_line: int | None = None
    total_lines: int | None = None


class TextEditorCodeExecutionCreateResultBlock(WireModel):
    """A file was written."""

    type: Literal["text_editor_code_execution_create_result"]
    is_file_update: bool


class TextEditorCodeExecutionStrReplaceResultBlock(WireModel):
    """A file was changed."""

    type: Literal["text_editor_code_execution_str_replace_result"]
    lines: Items[str] | None = None
    new_lines: int | None = None
    new_start: int | None = None
    old_lines: int | None = None
    old_start: int | None = None


class TextEditorCodeExecutionToolResultError(WireModel):
    """Why the editor did nothing."""

    type: Literal["text_editor_code_execution_tool_result_error"]
    error_code: ExecutionFault | Literal["file_not_found"]
    error_message: str | None = None


class TextEditorCodeExecutionToolResultBlock(ServerToolResult):
    """The result of an editor command."""

    type: Literal["text_editor_code_execution_tool_result"]
    content: Annotated[
        TextEditorCodeExecutionViewResultBlock
        | TextEditorCodeExecutionCreateResultBlock
        | TextEditorCodeExecutionStrReplaceResultBlock
        | TextEditorCodeExecutionToolResultError,
        Field(discriminator="type"),
    ]
