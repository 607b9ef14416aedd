"""The database as the Admin API uses it: when it is away, that is nobody's bug.

What administrators ask may take long, so requests and the ledger have other threads.
"""

import structlog
from sqlalchemy.exc import DataError, SQLAlchemyError

from antechamber.operations.answering.services import Services
from antechamber.store.database import Result, Work
from antechamber.wire.errors import ApiError, InvalidRequest, Overloaded

_log = structlog.get_logger("antechamber.administration")


async def look_up(services: Services, work: Work[Result]) -> Result:
    """Return what ``work`` reads.

    Raises ``Overloaded`` while nobody can tell, ``InvalidRequest`` for what no database can hold.
    """
    try:
        return await services.database.read(work, aside=True)
    except SQLAlchemyError as error:
        raise _translated(error) from error


async def carry_out(services: Services, work: Work[Result]) -> Result:
    """Return what ``work`` changes, all of it or nothing; raises as ``look_up`` does."""
    try:
        return await services.database.write(work, aside=True)
    except SQLAlchemyError as error:
        raise _translated(error) from error


def _translated(error: SQLAlchemyError) -> ApiError:
    if isinstance(error, DataError):  # a NUL, which PostgreSQL has no place for
        message = "The request holds a value that cannot be kept"
        return InvalidRequest(message)
    _log.warning("database_not_usable", reason=type(error).__name__)
    message = "Overloaded"
    return Overloaded(message)
