"""Turns a GGUF file into a model folder that vLLM loads: weights in bf16, configuration, tokenizer.

Runs in the environment that `make vllm` makes: vllm_model.py FILE.gguf FOLDER
"""

import shutil
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

_TIED = "lm_head.weight"


def main() -> None:
    """Write the folder whole or not at all."""
    source, folder = Path(sys.argv[1]), Path(sys.argv[2])
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    where = {"gguf_file": source.name}
    tokenizer = AutoTokenizer.from_pretrained(source.parent, **where)
    tokenizer.save_pretrained(unfinished)
    model = AutoModelForCausalLM.from_pretrained(source.parent, dtype=torch.bfloat16, **where)
    _save_weights(model, unfinished)
    _save_configuration(model, unfinished)
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)


def _save_weights(model: torch.nn.Module, folder: Path) -> None:
    tied = bool(model.config.tie_word_embeddings)
    weights = {
        name: weight.to(torch.bfloat16).contiguous()
        for name, weight in model.state_dict().items()
        # It is the embedding once more, and safetensors stores no weight twice.
        if not (tied and name == _TIED)
    }
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def _save_configuration(model: torch.nn.Module, folder: Path) -> None:
    # The weights are no longer quantised, and vLLM would look for its way to read such ones.
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.config.architectures = [type(model).__name__]
    model.config.dtype = torch.bfloat16
    model.config.save_pretrained(folder)
    model.generation_config.save_pretrained(folder)


if __name__ == "__main__":
    main()
