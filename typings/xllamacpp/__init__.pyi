# The few names that we use of an untyped extension module; a name joins when code first needs it.

class CommonParamsModel:
    path: str

class CommonParamsSampling:
    reasoning_budget_tokens: int

class CpuParams:
    n_threads: int

class CommonParams:
    def __init__(self) -> None: ...
    api_keys: list[str]
    cache_idle_slots: bool
    cache_prompt: bool
    cache_ram_mib: int
    chat_template: str
    cont_batching: bool
    cors_origins: str
    cors_origins_explicit: bool
    cpuparams: CpuParams
    cpuparams_batch: CpuParams
    ctx_shift: bool
    embedding: bool
    endpoint_metrics: bool
    endpoint_props: bool
    endpoint_slots: bool
    fit_params: bool
    hostnames: list[str]
    kv_unified: bool
    mmproj: CommonParamsModel
    model: CommonParamsModel
    n_batch: int
    n_cache_reuse: int
    n_ctx: int
    n_gpu_layers: int
    n_parallel: int
    n_predict: int
    n_threads_http: int
    n_ubatch: int
    offline: bool
    port: int
    sampling: CommonParamsSampling
    slot_prompt_similarity: float
    timeout_read: int
    timeout_write: int
    ui: bool
    use_jinja: bool
    verbosity: int
    warmup: bool

class Server:
    def __init__(self, params: CommonParams) -> None: ...
    @property
    def listening_address(self) -> str: ...

def get_system_info() -> str: ...
