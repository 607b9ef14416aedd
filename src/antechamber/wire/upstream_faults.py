"""What errors of an upstream mean for whoever asked it: by the API's types and by HTTP statuses."""

from collections.abc import Mapping

from antechamber.wire.errors import (
    EngineFault,
    EngineLacksModel,
    EngineRateLimited,
    EngineRefusesUs,
    EngineTimedOut,
    Overloaded,
)

FAULTS_BY_TYPE: Mapping[str, type[EngineFault]] = {
    "authentication_error": EngineRefusesUs,
    "billing_error": EngineRefusesUs,
    "permission_error": EngineLacksModel,
    "not_found_error": EngineLacksModel,
    "rate_limit_error": EngineRateLimited,
    "timeout_error": EngineTimedOut,
    "overloaded_error": Overloaded,
}
"""Where it is more than a failure, and not about the request."""
REFUSALS_BY_STATUS: Mapping[int, type[EngineRefusesUs]] = {
    401: EngineRefusesUs,
    402: EngineRefusesUs,
    403: EngineLacksModel,
    404: EngineLacksModel,
}
"""Our key, our bill, or our name for the model: another engine may do better."""
PASSING_BY_STATUS: Mapping[int, type[EngineFault]] = {
    408: EngineTimedOut,
    429: EngineRateLimited,
    504: EngineTimedOut,
    529: Overloaded,
}
"""What a repetition may mend, and that has a meaning of its own."""
