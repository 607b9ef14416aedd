"""What the commands about keys are given alike."""

from typing import Annotated

import typer

KeyId = Annotated[str, typer.Argument(metavar="ID", help="Id, as in the list: apikey_01…")]
