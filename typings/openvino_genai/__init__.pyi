# The few names that we use of an untyped extension module; a name joins when code first needs it.

from collections.abc import Mapping
from enum import Enum

from openvino import Tensor

class GenerationStatus(Enum):
    RUNNING = ...

class GenerationOutput:
    generated_ids: list[int]

class GenerationHandle:
    def can_read(self) -> bool: ...
    def cancel(self) -> None: ...
    def get_status(self) -> GenerationStatus: ...
    def read(self) -> dict[int, GenerationOutput]: ...

class StructuredOutputConfig:
    def __init__(self) -> None: ...
    grammar: str

class GenerationConfig:
    def __init__(self) -> None: ...
    do_sample: bool
    max_new_tokens: int
    min_p: float
    rng_seed: int
    stop_token_ids: set[int]
    structured_output_config: StructuredOutputConfig
    temperature: float
    top_k: int
    top_p: float
    def set_eos_token_id(self, token: int) -> None: ...

class SchedulerConfig:
    def __init__(self) -> None: ...
    dynamic_split_fuse: bool
    enable_prefix_caching: bool
    max_num_batched_tokens: int
    max_num_seqs: int
    num_kv_blocks: int

class TokenizedInputs:
    input_ids: Tensor

class Tokenizer:
    def encode(self, prompt: str, add_special_tokens: bool = ...) -> TokenizedInputs: ...

class ContinuousBatchingPipeline:
    def __init__(
        self,
        models_path: str,
        scheduler_config: SchedulerConfig,
        device: str,
        properties: Mapping[str, object],
    ) -> None: ...
    def add_request(
        self, request_id: int, input_ids: Tensor, generation_config: GenerationConfig
    ) -> GenerationHandle: ...
    def get_tokenizer(self) -> Tokenizer: ...
    def has_non_finished_requests(self) -> bool: ...
    def step(self) -> None: ...
